/** Requests to give money back, and the receivers' answers. */
import type { CancellationRequest } from '../iso20022';
import { freshMessageId, uetrOf } from '../iso20022';
import { businessDate } from '../instant';
import type { Transfer } from './books';
import { preventsBooking, type MisbehaviourKind } from './misbehaviour';
import type { Network, Reply } from './network';
import { givenBack, notificationOf, resolutionOf } from './replies';
import { accountRefusal, fundsRefusal } from './rules';

export function onReturnRequest(network: Network, request: CancellationRequest): Reply {
  const { OrgnlEndToEndId: id } = request.Undrlyg.TxInf;
  const original = network.books.transfer(id);
  const kind = network.misbehaviour.choose({
    occasion: 'return_request',
    endToEndId: id,
    amountMinor: original ? BigInt(original.instructedMinor) : undefined,
  });
  if (preventsBooking(kind)) return { messages: [], misbehaviour: kind };
  const done = network.books.transfer(returnId(id));
  if (done) return grantedReply(network, request, done, kind);
  const refused = findRefusal(network, original, kind);
  if (!original || refused) {
    const messages = [resolutionOf(network, request, { refused: refused ?? 'NOOR' })];
    return { messages, misbehaviour: kind };
  }
  bookReturn(network, original);
  const back = network.books.transfer(returnId(id));
  if (!back) throw new Error(`the return of ${id} was not recorded`);
  return grantedReply(network, request, back, kind);
}

function returnId(id: string): string {
  return `RTN-${id}`.slice(0, 35);
}

function findRefusal(
  { books }: Network,
  original: Transfer | undefined,
  kind: MisbehaviourKind | undefined,
): string | undefined {
  if (!original) return 'NOOR';
  if (original.status !== 'settled') return 'NOAS';
  if (kind === 'refuse_return') return 'CUST';
  const holder = books.account(original.creditor);
  const refusal =
    accountRefusal(holder, original.asset) ?? accountRefusal(books.account(original.debtor), original.asset);
  return refusal ?? fundsRefusal(books, original.creditor, totalOf(original));
}

/** Everything that was booked for the transfer, also what was booked twice. */
function totalOf(transfer: Transfer): bigint {
  return transfer.bookings.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
}

function bookReturn(network: Network, original: Transfer): void {
  const at = network.now();
  const id = returnId(original.id);
  const amountMinor = totalOf(original).toString();
  network.record({
    type: 'transfer_settled',
    at,
    businessDate: businessDate(network.profile, new Date(at)),
    bookings: [{ reference: network.nextReference(), amountMinor }],
    transfer: {
      id,
      uetr: uetrOf(id),
      messageId: freshMessageId(),
      messageName: network.profile.returnMessage === 'pacs.004' ? 'pacs.004.001.10' : 'pacs.008.001.08',
      debtor: original.creditor,
      creditor: original.debtor,
      asset: original.asset,
      instructedMinor: amountMinor,
      quotedId: original.id,
      reversal: true,
      returnsReference: original.bookings[0]?.reference,
    },
  });
}

function grantedReply(
  network: Network,
  request: CancellationRequest,
  back: Transfer,
  kind: MisbehaviourKind | undefined,
): Reply {
  const debtor = network.books.account(back.debtor);
  const creditor = network.books.account(back.creditor);
  if (!debtor || !creditor) throw new Error(`${back.id} is between accounts that were never opened`);
  const entries = back.entries.flatMap((entry) => network.books.statement.shownEntry(entry));
  return {
    messages: [
      resolutionOf(network, request, { granted: back }),
      givenBack(network, back, debtor, creditor),
      ...(entries.length > 0 ? [notificationOf(network, { entries, number: 1, last: true })] : []),
    ],
    misbehaviour: kind,
  };
}
