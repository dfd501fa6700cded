/** Requests for payment: the payers' banks accept them for open accounts with funds, unless told otherwise. */
import type { PaymentRequest } from '../iso20022';
import { preventsBooking } from './misbehaviour';
import type { Network, Reply } from './network';
import { openOnSight } from './on-sight';
import { keyOf } from './books';
import { keyFrom } from './proposal';
import { mandateReport } from './replies';
import { accountRefusal, fundsRefusal } from './rules';

export function onPaymentRequest(network: Network, request: PaymentRequest): Reply {
  const { PmtInf } = request;
  const payer = keyFrom(PmtInf.DbtrAgt, PmtInf.DbtrAcct);
  const { amountMinor, asset } = PmtInf.CdtTrfTx.Amt.InstdAmt;
  const mandateId = PmtInf.CdtTrfTx.PmtId.EndToEndId;
  const kind = network.misbehaviour.choose({
    occasion: 'mandate',
    endToEndId: mandateId,
    accountNumbers: [payer.accountNumber],
    amountMinor,
  });
  if (preventsBooking(kind)) return { messages: [], misbehaviour: kind };
  openOnSight(network, [payer]);
  const known = network.books.mandateById(mandateId);
  if (known) {
    // The same request again gets the same answer; another one under the same id is refused.
    const same = keyOf(known) === keyOf(payer) && known.ceilingMinor === amountMinor;
    const decision = same ? { reference: known.reference } : { refused: 'DUPL' };
    return { messages: [mandateReport(network, request, decision)], misbehaviour: kind };
  }
  const refused = kind === 'refuse_mandate' ? 'CUST' : findRefusal(network, request);
  if (refused) return { messages: [mandateReport(network, request, { refused })], misbehaviour: kind };
  const reference = `RFP${network.nextReference()}`;
  network.record({
    type: 'mandate_accepted',
    at: network.now(),
    mandateId,
    reference,
    ...payer,
    ceilingMinor: amountMinor.toString(),
    asset,
    expiresAt: expiryOf(request),
  });
  return { messages: [mandateReport(network, request, { reference })], misbehaviour: kind };
}

function findRefusal({ books, profile, now }: Network, request: PaymentRequest): string | undefined {
  const { PmtInf } = request;
  const payer = keyFrom(PmtInf.DbtrAgt, PmtInf.DbtrAcct);
  const { amountMinor, asset } = PmtInf.CdtTrfTx.Amt.InstdAmt;
  const creditor = keyFrom(PmtInf.CdtTrfTx.CdtrAgt, PmtInf.CdtTrfTx.CdtrAcct);
  if (keyOf(creditor) !== keyOf(profile.settlementAccount)) return 'AG01';
  if (amountMinor <= 0n) return 'AM01';
  if (expiryOf(request) <= now()) return 'DT01';
  const account = books.account(payer);
  const refusal = accountRefusal(account, asset) ?? fundsRefusal(books, payer, amountMinor);
  return refusal ?? (account?.refusesMandates ? 'CUST' : undefined);
}

function expiryOf({ PmtInf }: PaymentRequest): string {
  const expiry = 'DtTm' in PmtInf.XpryDt ? PmtInf.XpryDt.DtTm : `${PmtInf.XpryDt.Dt}T23:59:59Z`;
  return new Date(expiry).toISOString();
}
