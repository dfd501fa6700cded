/** Balances and pages of the settlement account's statement. */
import { camt052, MAX_ENTRIES_PER_PAGE, type ReportingRequest } from '../iso20022';
import type { Network, Reply } from './network';
import { balancesOf, notificationOf } from './replies';

export function onReportingRequest(network: Network, query: ReportingRequest): Reply {
  const misbehaviour = network.misbehaviour.choose({ occasion: 'statement' });
  const period = periodOf(network, query);
  if (query.RptgReq.ReqdMsgNmId === camt052.name) {
    return { messages: [balances(network, query, period)], misbehaviour };
  }
  const number = query.RptgReq.RptgSeq?.EQSeq ?? 1;
  const shown = network.books.statement.shown(period.from, period.to);
  const start = (number - 1) * MAX_ENTRIES_PER_PAGE;
  const entries = shown.slice(start, start + MAX_ENTRIES_PER_PAGE);
  const last = start + MAX_ENTRIES_PER_PAGE >= shown.length;
  return { messages: [notificationOf(network, { entries, number, last, query, period })], misbehaviour };
}

/**
 * The period asked for, cut where the future begins. From then on nothing is booked in it, so that balances and pages
 * that are asked for one after the other fit together.
 */
function periodOf(network: Network, query: ReportingRequest): { from: string; to: string } {
  const { FrToDt, FrToTm } = query.RptgReq.RptgPrd;
  const from = new Date(`${FrToDt.FrDt}T${FrToTm.FrTm}`).toISOString();
  const asked = new Date(`${FrToDt.ToDt}T${FrToTm.ToTm}`).toISOString();
  const next = new Date(Date.parse(network.now()) + 1).toISOString();
  const to = asked < next ? asked : next;
  network.closeUntil(to);
  return { from: from < to ? from : to, to };
}

function balances(network: Network, query: ReportingRequest, period: { from: string; to: string }): string {
  const account = network.books.account(network.profile.settlementAccount);
  if (!account) throw new Error('the settlement account was never opened');
  const at = (instant: string) => ({
    amountMinor: network.books.statement.balanceBefore(instant, account.openingMinor),
    asset: account.asset,
  });
  return balancesOf(network, query, period, { opening: at(period.from), closing: at(period.to) });
}
