/** The entries of a file of AURA, as the bank considers them. */
import { isId } from '../../../domain/ids';
import type { AchProfile } from '../../ach';
import { accountTypeOf, isDebit, NachaError, readNacha, readRemittance, type Entry } from '../../nacha';
import { bankOf } from '../../ach';
import type { AccountKey } from './events';

export interface Proposed {
  instructionId: string;
  returnsReference: string | undefined;
  entryClass: 'PPD' | 'CCD';
  direction: 'debit' | 'credit';
  batchNumber: number;
  effectiveDate: string;
  account: AccountKey;
  accountType: 'checking' | 'savings';
  receiverName: string;
  individualId: string;
  amountMinor: bigint;
}

/** Throws `NachaError` for a file that is malformed, not from AURA, or that the bank can't match to instructions. */
export function proposalsOf(profile: AchProfile, content: string): Proposed[] {
  const { header, batches } = readNacha(content);
  const fail = (field: string, reason: string) => new NachaError(1, field, reason);
  if (header.immediateDestination !== profile.bankRouting)
    throw fail('immediateDestination', 'not this bank');
  if (header.immediateOrigin !== profile.originRouting) throw fail('immediateOrigin', 'not a participant');
  const proposals = batches.flatMap(({ header: batch, entries }) => {
    const { companyId, originatingBank, entryClass } = batch;
    if (companyId !== profile.companyId) throw fail('companyId', 'not this company');
    if (originatingBank !== bankOf(profile.bankRouting)) throw fail('originatingBank', 'not this bank');
    if (entryClass === 'COR') throw fail('entryClass', 'changes are not told of by originators');
    return entries.map((entry) => ({
      ...proposalOf(entry),
      entryClass,
      batchNumber: batch.batchNumber,
      effectiveDate: batch.effectiveEntryDate,
    }));
  });
  const ids = new Set(proposals.map(({ instructionId }) => instructionId));
  if (ids.size !== proposals.length) throw fail('information', 'an instruction is in the file twice');
  return proposals;
}

function proposalOf(entry: Entry) {
  const { addenda, receivingRouting, accountNumber } = entry;
  const remittance = addenda?.type === '05' ? readRemittance(addenda.information) : undefined;
  if (!remittance || !isId('instruction', remittance.instructionId))
    throw new NachaError(0, 'information', 'the addenda does not quote an instruction');
  return {
    instructionId: remittance.instructionId,
    returnsReference: remittance.returnsReference,
    direction: isDebit(entry) ? ('debit' as const) : ('credit' as const),
    account: { routingNumber: receivingRouting, accountNumber },
    accountType: accountTypeOf(entry.transactionCode) ?? ('checking' as const),
    receiverName: entry.individualName,
    individualId: entry.individualId,
    amountMinor: entry.amountMinor,
  };
}

/** Whether the entry brings money to AURA. */
export function isIncomingEntry({ direction }: { direction: 'debit' | 'credit' }): boolean {
  return direction === 'debit';
}
