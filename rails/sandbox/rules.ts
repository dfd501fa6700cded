/** Why a network refuses a transfer or a request for payment, as an ISO 20022 reason code. */
import { limitMinor, type NetworkProfile } from '../instant';
import { keyOf, type Account, type Books, type Mandate } from './books';
import { MAX_CLOCK_SKEW_MS } from './constants';
import type { AccountKey } from './events';

export interface Proposal {
  debtor: AccountKey;
  creditor: AccountKey;
  asset: string;
  amountMinor: bigint;
  /** When the sender made the message. */
  createdAt: string;
  clearingSystem: string;
  /** The accepted request for payment, or the transfer that is given back. */
  relatedReference: string | undefined;
}

export interface RuleDeps {
  profile: NetworkProfile;
  books: Books;
}

/** The first rule that a proposed transfer breaks. */
export function findRefusal(
  { profile, books }: RuleDeps,
  proposal: Proposal,
  nowMs: number,
): string | undefined {
  const { amountMinor, asset, debtor, creditor } = proposal;
  const ours = keyOf(profile.settlementAccount);
  const outgoing = keyOf(debtor) === ours;
  if (proposal.clearingSystem !== profile.network) return 'AG01';
  if (outgoing === (keyOf(creditor) === ours)) return 'AG01';
  const ageMs = nowMs - Date.parse(proposal.createdAt);
  if (ageMs > profile.windowMs || ageMs < -MAX_CLOCK_SKEW_MS) return 'AB06';
  if (amountMinor <= 0n) return 'AM01';
  const limit = limitMinor(profile, asset);
  if (limit === undefined) return 'AM03';
  if (amountMinor > limit) return 'AM02';
  return (
    accountRefusal(books.account(debtor), asset) ??
    accountRefusal(books.account(creditor), asset) ??
    (outgoing ? returnRefusal(books, proposal) : mandateRefusal(books, proposal, nowMs)) ??
    fundsRefusal(books, debtor, amountMinor)
  );
}

export function accountRefusal(account: Account | undefined, asset: string): string | undefined {
  if (!account) return 'AC03';
  if (!account.open) return 'AC04';
  return account.asset === asset ? undefined : 'AM03';
}

export function fundsRefusal(books: Books, debtor: AccountKey, amountMinor: bigint): string | undefined {
  const balanceMinor = books.account(debtor)?.balanceMinor ?? 0n;
  return balanceMinor >= amountMinor ? undefined : 'AM04';
}

/** AURA may take money only under a request for payment that the payer's bank accepted. */
function mandateRefusal(books: Books, proposal: Proposal, nowMs: number): string | undefined {
  const mandate = proposal.relatedReference ? books.mandate(proposal.relatedReference) : undefined;
  if (!mandate || keyOf(mandate) !== keyOf(proposal.debtor)) return 'MD01';
  return mandateLimit(mandate, proposal, nowMs);
}

function mandateLimit(mandate: Mandate, { asset, amountMinor }: Proposal, nowMs: number): string | undefined {
  if (Date.parse(mandate.expiresAt) <= nowMs) return 'MD01';
  return mandate.asset === asset && mandate.ceilingMinor >= amountMinor ? undefined : 'AM14';
}

/** What is given back was received, goes back to where it came from, and is not more than is left of it. */
function returnRefusal(books: Books, proposal: Proposal): string | undefined {
  const reference = proposal.relatedReference;
  if (!reference) return undefined;
  const original = books.transferByReference(reference);
  const received = original?.bookings.find((booking) => booking.reference === reference);
  if (!original || !received || keyOf(original.creditor) !== keyOf(proposal.debtor)) return 'AGNT';
  if (keyOf(original.debtor) !== keyOf(proposal.creditor)) return 'AGNT';
  const leftMinor = received.amountMinor - books.returnedMinor(reference);
  return proposal.amountMinor <= leftMinor ? undefined : 'AM09';
}
