/** From risk_assessed towards the rail: margin, novation, and the signed instruction. */
import { fundMargin } from '../domain/clearing/margin';
import { novation } from '../domain/ledger/postings';
import type { SignedInstruction } from '../domain/settlement';
import { databaseNow } from '../store/clock';
import { rows, type Trx } from '../store/db';
import { findMandate, type Mandate } from '../store/payment-accounts';
import { lockPrincipals } from '../store/principals';
import { recordChange, recordEvents } from '../store/states';
import { dealPosting, marginsOf, setMargin, type Margin } from '../store/margins';
import { setMarginCall, stateOf, type Deal } from '../store/transactions';
import type { CommitResult } from './commit';
import type { ActivityDeps } from './deps';
import { AURA_ACCOUNT, instruct, signedOrder, storeOrder, type InstructionOrder } from './instruct';
import { joinNetting } from './netting-join';

type Advanced = Extract<CommitResult, { outcome: 'instructed' | 'netted' | 'margin_called' }>;

/**
 * T19 and T20 where the margin is there, or T19 and a netting cycle; otherwise the margin call stays (or is made, right after the commit). The
 * caller has locked the deal; both principals' rows are locked here before any balance is read.
 */
export async function advanceToSettling(
  trx: Trx,
  deps: ActivityDeps,
  deal: Deal,
  { isCommit }: { isCommit: boolean },
): Promise<Advanced> {
  const profile = deps.profiles[deal.profileId];
  const [, margins, free, now] = await Promise.all([
    lockPrincipals(trx, [deal.buyerPrincipalId, deal.sellerPrincipalId]),
    marginsOf(trx, deal.id),
    freeCollateral(trx, deal),
    databaseNow(trx),
  ]);
  const funding = fundingOf(deps, deal, margins, free);
  if (funding.buyer.shortfallMinor > 0n || funding.seller.shortfallMinor > 0n) {
    const sides = (['buyer', 'seller'] as const).filter((role) => funding[role].shortfallMinor > 0n);
    return callMargin(trx, deal, { forMs: deps.marginCallMs ?? profile.marginCallMs, sides }, isCommit);
  }
  for (const role of ['buyer', 'seller'] as const) {
    const { fromCollateralMinor, fromSaleMinor } = funding[role];
    margins[role] = {
      ...margins[role],
      collateralMinor: fromCollateralMinor,
      fromSaleMinor,
      heldMinor: fromCollateralMinor,
    };
  }
  const cycleId = await joinNetting(trx, deps, deal, margins.seller.fromSaleMinor);
  const order = cycleId === undefined ? payInOrder(deal, await mandateOf(trx, deal)) : undefined;
  const instruction = order && signedOrder(deps, order, now);
  const how = instruction
    ? { instruction_id: instruction.instruction.instruction_id }
    : { netting_cycle_id: cycleId };
  const told = {
    session_id: deal.sessionId,
    transaction_id: deal.id,
    beacon_id: deal.beaconId,
    scout_id: deal.scoutId,
  };
  const authorized = {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [
      { transition: 'T19' as const },
      ...(instruction ? [{ transition: 'T20' as const, detail: { ...how, rail: deal.rail } }] : []),
    ],
    actor: 'aura',
    entries: [novation(dealPosting(deal, margins))],
    events: [
      { type: 'transaction.authorized' as const, correlationId: deal.sessionId, payload: told },
      {
        type: 'transaction.payment_authorized' as const,
        correlationId: deal.sessionId,
        payload: { ...told, rail: deal.rail },
      },
      {
        type: 'offer.accepted' as const,
        correlationId: deal.sessionId,
        payload: { ...told, offer_id: deal.offerId },
      },
      ...(instruction
        ? [{ type: 'transaction.settling' as const, correlationId: deal.sessionId, payload: told }]
        : []),
    ],
    audit: { action: 'deal.authorized', detail: how },
  };
  await Promise.all([
    setMargin(trx, deal.id, margins.buyer),
    setMargin(trx, deal.id, margins.seller),
    order && instruction && storeOrder(trx, instruction, order),
    recordChange(trx, authorized),
  ]);
  return instruction
    ? { outcome: 'instructed', sessionId: deal.sessionId, instruction }
    : { outcome: 'netted', sessionId: deal.sessionId };
}

/** The deal's own payment, from its mandate to AURA. */
export async function instructPayIn(trx: Trx, deps: ActivityDeps, deal: Deal): Promise<SignedInstruction> {
  return instruct(trx, deps, payInOrder(deal, await mandateOf(trx, deal)));
}

async function mandateOf(trx: Trx, deal: Deal): Promise<Mandate> {
  const mandate = await findMandate(trx, deal.mandateId);
  if (!mandate) throw new Error(`no mandate ${deal.mandateId}`);
  return mandate;
}

function payInOrder(deal: Deal, mandate: Mandate): InstructionOrder {
  return {
    kind: 'pay_in',
    subjectId: deal.id,
    transactionId: deal.id,
    rail: deal.rail,
    asset: deal.asset,
    amountMinor: deal.totalMinor,
    debtor: { account_ref: mandate.accountId, mandate_ref: mandate.id },
    creditor: AURA_ACCOUNT,
    commitmentHash: deal.commitmentHash,
  };
}

/** How each side's margin would be funded by this much free collateral. */
export function fundingOf(
  { profiles }: ActivityDeps,
  deal: Deal,
  margins: Record<'buyer' | 'seller', Margin>,
  free: ReadonlyMap<string, bigint>,
) {
  const fund = ({ principalId, requiredMinor }: Margin, reserveAllowed: boolean) =>
    fundMargin({ requiredMinor, freeCollateralMinor: free.get(principalId) ?? 0n, reserveAllowed });
  return {
    buyer: fund(margins.buyer, false),
    seller: fund(margins.seller, profiles[deal.profileId].reserveFromSale),
  };
}

/** Of both parties, minor units of the deal's asset. */
export async function freeCollateral(trx: Trx, deal: Deal): Promise<Map<string, bigint>> {
  const found = await rows<{ owner: string; balance: string }>(
    trx,
    `SELECT owner, balance_minor AS balance FROM accounts
     WHERE owner = ANY(?) AND kind = 'collateral' AND asset = ?`,
    [[deal.buyerPrincipalId, deal.sellerPrincipalId], deal.asset],
  );
  return new Map(found.map(({ owner, balance }) => [owner, BigInt(balance)]));
}

async function callMargin(
  trx: Trx,
  deal: Deal,
  { forMs, sides }: { forMs: number; sides: readonly ('buyer' | 'seller')[] },
  isCommit: boolean,
): Promise<Advanced> {
  if (!isCommit) return { outcome: 'margin_called', sessionId: deal.sessionId, forMs: 0 };
  const until = await setMarginCall(trx, deal.id, forMs);
  await recordEvents(trx, [
    {
      type: 'margin.called',
      correlationId: deal.sessionId,
      payload: {
        session_id: deal.sessionId,
        transaction_id: deal.id,
        until: until.toISOString(),
        sides: [...sides],
      },
    },
  ]);
  return { outcome: 'margin_called', sessionId: deal.sessionId, forMs };
}
