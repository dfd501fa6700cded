/** The statement of AURA's settlement account: balances first, then the entries page by page, as they are read. */
import type { Money } from '../../domain/money';
import type { StatementLine } from '../../domain/settlement';
import { camt052, camt054, camt060, freshMessageId, type AccountReport } from '../iso20022';
import { RailUnreachableError, type RailStatement, type StatementPeriod } from '../port';
import type { NetworkClient, Received } from './client';
import { lineOf } from './lines';
import { accountOf, agentOf } from './parts';
import type { TransferDeps } from './transfer';

const MAX_PAGES = 100_000;

export interface StatementDeps extends TransferDeps {
  client: NetworkClient;
}

/** Reading moves no money: whatever fails is `RailUnreachableError`, and reading again is safe. */
export async function readStatement(deps: StatementDeps, period: StatementPeriod): Promise<RailStatement> {
  const received = await ask(deps, camt052.name, period, undefined);
  const report = received.flatMap(({ message }) => (message.name === camt052.name ? [message.body] : []))[0];
  if (!report) throw new RailUnreachableError('the network sent no balances');
  const opening = balanceOf(report, 'OPBD');
  const closing = balanceOf(report, 'CLBD');
  // The entries are asked for up to the instant that the closing balance is of.
  const closed = { from: period.from, to: report.Rpt.FrToDt.ToDtTm };
  return {
    openingMinor: opening.amountMinor,
    closingMinor: closing.amountMinor,
    asset: closing.asset,
    lines: readLines(deps, closed),
  };
}

function balanceOf(report: AccountReport, code: 'OPBD' | 'CLBD'): Money {
  const found = report.Rpt.Bal.find((balance) => balance.Tp.CdOrPrtry.Cd === code);
  if (!found) throw new RailUnreachableError(`the network sent no ${code} balance`);
  const { amountMinor, asset } = found.Amt;
  return { amountMinor: found.CdtDbtInd === 'CRDT' ? amountMinor : -amountMinor, asset };
}

async function* readLines(deps: StatementDeps, period: StatementPeriod): AsyncGenerator<StatementLine> {
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const received = await ask(deps, camt054.name, period, page);
    const found = received.flatMap(({ message }) => (message.name === camt054.name ? [message.body] : []))[0];
    const pagination = found?.GrpHdr.MsgPgntn;
    if (!found || pagination?.PgNb !== page)
      throw new RailUnreachableError(`the network sent no page ${page}`);
    for (const entry of found.Ntfctn.Ntry) yield lineOf(deps.profile, entry);
    if (pagination.LastPgInd) return;
  }
  throw new RailUnreachableError(`the statement has more than ${MAX_PAGES} pages`);
}

async function ask(
  deps: StatementDeps,
  wanted: typeof camt052.name | typeof camt054.name,
  period: StatementPeriod,
  page: number | undefined,
): Promise<Received[]> {
  const { profile, settlementAccount: ours } = deps;
  const [fromDate, fromTime] = split(period.from);
  const [toDate, toTime] = split(period.to);
  const id = freshMessageId();
  const answer = await deps.client.exchange(
    camt060.build({
      GrpHdr: { MsgId: id, CreDtTm: deps.clock().toISOString() },
      RptgReq: {
        Id: id,
        ReqdMsgNmId: wanted,
        Acct: accountOf(ours),
        AcctOwnr: { Agt: agentOf(profile, ours.routingNumber) },
        RptgPrd: {
          FrToDt: { FrDt: fromDate, ToDt: toDate },
          FrToTm: { FrTm: fromTime, ToTm: toTime },
          Tp: 'ALLL',
        },
        ...(page === undefined ? {} : { RptgSeq: { EQSeq: page } }),
      },
    }),
  );
  if (answer.kind === 'unknown') throw new RailUnreachableError(`no statement: ${answer.detail}`);
  const mine = answer.received.filter(({ message }) => queryOf(message) === id);
  return mine;
}

/** The question an answer is to, so that an old page is never taken for a new one. */
function queryOf(message: Received['message']): string | undefined {
  if (message.name !== camt052.name && message.name !== camt054.name) return undefined;
  return message.body.GrpHdr.OrgnlBizQry?.MsgId;
}

function split(instant: string): [string, string] {
  const [date = '', time = ''] = new Date(instant).toISOString().split('T');
  return [date, time];
}
