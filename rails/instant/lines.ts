/** Entries of a notification as statement lines. */
import { isId } from '../../domain/ids';
import type { StatementLine } from '../../domain/settlement';
import { camt054, type Entry } from '../iso20022';
import type { Received } from './client';
import { evidenceFormat } from './evidence';
import type { NetworkProfile } from './profile';

/** The lines that the network delivered along with an answer. */
export function linesOf(profile: NetworkProfile, received: readonly Received[]): StatementLine[] {
  return received.flatMap(({ message }) => {
    if (message.name !== camt054.name) return [];
    const { Acct, Ntry } = message.body.Ntfctn;
    if (Acct.Id.Othr.Id !== profile.settlementAccount.accountNumber) return [];
    return Ntry.map((entry) => lineOf(profile, entry));
  });
}

export function lineOf(profile: NetworkProfile, entry: Entry): StatementLine {
  const { EndToEndId: quoted } = entry.NtryDtls.TxDtls.Refs;
  return {
    rail: profile.rail,
    network: profile.network,
    business_date: entry.ValDt.Dt,
    reference: entry.AcctSvcrRef,
    line: '0',
    direction: entry.CdtDbtInd === 'CRDT' ? 'credit' : 'debit',
    amount_minor: entry.Amt.amountMinor.toString(),
    // Instant networks bill their fees apart from the transfers.
    fee_minor: '0',
    asset: entry.Amt.asset,
    instruction_id: isId('instruction', quoted) ? quoted : null,
    booked_at: new Date(entry.BookgDt.DtTm).toISOString(),
    source_format: evidenceFormat(camt054.name),
  };
}
