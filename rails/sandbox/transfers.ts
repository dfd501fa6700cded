/** Transfers and inquiries about them. */
import type { StatusRequest } from '../iso20022';
import { businessDate } from '../instant';
import type { Transfer } from './books';
import type { Booking, TransferData } from './events';
import { preventsBooking, REJECTIONS, type MisbehaviourKind } from './misbehaviour';
import type { Network, Reply } from './network';
import { openOnSight } from './on-sight';
import type { Proposed } from './proposal';
import { duplicateReport, notificationOf, reportOn, unknownReport } from './replies';
import { findRefusal, fundsRefusal } from './rules';

/** A wrong amount is off by this, minor units. */
const WRONG_BY_MINOR = 100n;

export function onTransfer(network: Network, { transfer, proposal }: Proposed): Reply {
  const { books, misbehaviour } = network;
  const known = books.transfer(transfer.id) ?? books.transferByUetr(transfer.uetr);
  if (known) return { messages: [duplicateReport(network, known)], misbehaviour: undefined };
  const kind = misbehaviour.choose({
    occasion: 'transfer',
    endToEndId: transfer.id,
    accountNumbers: [transfer.debtor.accountNumber, transfer.creditor.accountNumber],
    amountMinor: proposal.amountMinor,
  });
  if (preventsBooking(kind)) return { messages: [], misbehaviour: kind };
  openOnSight(network, [transfer.debtor, transfer.creditor]);
  const at = network.now();
  const reason = findRefusal(network, proposal, Date.parse(at)) ?? forcedRejection(kind);
  if (reason) network.record({ type: 'transfer_rejected', at, transfer, reason });
  else if (kind === 'pending' || kind === 'pending_then_rejected') {
    network.record({ type: 'transfer_pending', at, transfer, thenReject: kind === 'pending_then_rejected' });
  } else settle(network, transfer, kind);
  return replyOn(network, transfer.id, kind);
}

function forcedRejection(kind: MisbehaviourKind | undefined): string | undefined {
  return REJECTIONS.find((reason) => kind === `reject_${reason}`);
}

/** Books a transfer, the way the misbehaviour wants it. */
export function settle(network: Network, transfer: TransferData, kind: MisbehaviourKind | undefined): void {
  const at = network.now();
  const instructedMinor = BigInt(transfer.instructedMinor);
  const reference = network.nextReference();
  const bookings: Booking[] = [{ reference, amountMinor: settledAmount(instructedMinor, kind).toString() }];
  if (kind === 'duplicate' && !fundsRefusal(network.books, transfer.debtor, 2n * instructedMinor)) {
    bookings.push({ reference: `${reference}D`, amountMinor: instructedMinor.toString() });
  }
  const day = businessDate(network.profile, new Date(at));
  network.record({ type: 'transfer_settled', at, transfer, businessDate: day, bookings });
  if (kind === 'line_missing') tamper(network, { action: 'drop', reference });
  if (kind === 'line_duplicate') tamper(network, { action: 'duplicate', reference });
  if (kind === 'line_amount') {
    tamper(network, { action: 'amount', reference, amountMinor: wrongAmount(instructedMinor).toString() });
  }
}

function tamper(network: Network, action: Parameters<Network['books']['statement']['tamper']>[0]): void {
  network.record({ type: 'statement_tampered', at: network.now(), tamper: action });
}

function settledAmount(instructedMinor: bigint, kind: MisbehaviourKind | undefined): bigint {
  return kind === 'wrong_amount' ? wrongAmount(instructedMinor) : instructedMinor;
}

/** Less rather than more, so that the debtor's funds always suffice. */
function wrongAmount(minor: bigint): bigint {
  return minor > WRONG_BY_MINOR ? minor - WRONG_BY_MINOR : minor;
}

export function onInquiry(network: Network, request: StatusRequest): Reply {
  const { OrgnlInstrId: instructionId, OrgnlEndToEndId: endToEndId } = request.TxInf;
  const kind = network.misbehaviour.choose({ occasion: 'inquiry', endToEndId });
  const transfer = network.books.transfer(endToEndId);
  if (!transfer) {
    return { messages: [unknownReport(network, { instructionId, endToEndId })], misbehaviour: kind };
  }
  if (transfer.status === 'pending') decidePending(network, transfer);
  return replyOn(network, endToEndId, kind);
}

/** An accepted transfer is decided when someone asks for it. */
function decidePending(network: Network, transfer: Transfer): void {
  const { books } = network;
  const data = dataOf(transfer);
  const refusal = fundsRefusal(books, transfer.debtor, BigInt(transfer.instructedMinor));
  const reason = transfer.thenReject ? 'AB05' : refusal;
  if (reason) network.record({ type: 'transfer_rejected', at: network.now(), transfer: data, reason });
  else settle(network, data, undefined);
}

/** The journal keeps what a transfer is, not what became of it. */
function dataOf(transfer: Transfer): TransferData {
  const { id, uetr, messageId, messageName, debtor, creditor } = transfer;
  const { asset, instructedMinor, quotedId, reversal, returnsReference } = transfer;
  return {
    id,
    uetr,
    messageId,
    messageName,
    debtor,
    creditor,
    asset,
    instructedMinor,
    quotedId,
    reversal,
    returnsReference,
  };
}

function replyOn(network: Network, id: string, kind: MisbehaviourKind | undefined): Reply {
  const transfer = network.books.transfer(id);
  if (!transfer) throw new Error(`${id} was not recorded`);
  const messages = [reportOn(network, transfer)];
  const entries = transfer.entries.flatMap((entry) => network.books.statement.shownEntry(entry));
  if (transfer.status === 'settled' && entries.length > 0 && kind !== 'no_notification') {
    messages.push(notificationOf(network, { entries, number: 1, last: true }));
  }
  return { messages, misbehaviour: kind };
}
