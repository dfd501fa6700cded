import type { Consent } from '../domain/gate';
import type { GateStepRecord } from '../domain/gate';
import type { ClearingState, DealState, MarketState } from '../domain/lifecycle';
import type { DealAmounts } from '../domain/market/offer';
import type { NegotiatedPayment } from '../domain/payments';
import type { ProfileId } from '../domain/profiles';
import type { RiskAssessment } from '../domain/clearing/risk';
import type { RailName } from '../domain/settlement';
import { payerHash, type BuyerIdentity } from './buyers';
import { insert, rows, update, type Queryable, type Trx } from './db';
import { seal } from './vault';

/** A rail the deal may use, with the payer's mandate there. */
export interface RailPlanStep {
  rail: RailName;
  mandate_id: string;
}

export interface NewTransaction {
  id: string;
  sessionId: string;
  offerId: string;
  scoutId: string;
  beaconId: string;
  buyerPrincipalId: string;
  sellerPrincipalId: string;
  profileId: ProfileId;
  profileVersion: number;
  quantity: number;
  amounts: DealAmounts;
  totalUsdMinor: bigint;
  feeMinor: bigint;
  commitmentHash: string;
  consent: Consent;
  buyerIdentity: BuyerIdentity;
  shippingAddress: Record<string, unknown> | null;
  delegationId: string | null;
  rails: readonly RailName[];
  rail: RailName;
  mandateId: string;
  railPlan: readonly RailPlanStep[];
  payment?: NegotiatedPayment;
  gate: readonly GateStepRecord[];
  risk: RiskAssessment;
}

export async function insertTransaction(trx: Trx, deal: NewTransaction): Promise<void> {
  const { amounts } = deal;
  await insert(trx, 'transactions', [
    {
      id: deal.id,
      session_id: deal.sessionId,
      offer_id: deal.offerId,
      scout_id: deal.scoutId,
      beacon_id: deal.beaconId,
      buyer_principal_id: deal.buyerPrincipalId,
      seller_principal_id: deal.sellerPrincipalId,
      profile_id: deal.profileId,
      profile_version: deal.profileVersion,
      quantity: deal.quantity,
      asset: amounts.asset,
      subtotal_minor: amounts.subtotalMinor.toString(),
      shipping_minor: amounts.shippingMinor.toString(),
      tax_minor: amounts.taxMinor.toString(),
      total_minor: amounts.totalMinor.toString(),
      total_usd_minor: deal.totalUsdMinor.toString(),
      fee_minor: deal.feeMinor.toString(),
      shipping_method: amounts.shippingMethod,
      commitment_hash: deal.commitmentHash,
      consent: JSON.stringify(deal.consent),
      ...(await seal(
        trx,
        'transactions',
        { row: deal.id, subject: deal.id },
        { buyer_identity: deal.buyerIdentity, shipping_address: deal.shippingAddress },
      )),
      payer_sha256: payerHash({
        id: deal.id,
        identity: deal.buyerIdentity,
        shippingAddress: deal.shippingAddress,
      }),
      delegation_id: deal.delegationId,
      rails: [...deal.rails],
      rail: deal.rail,
      mandate_id: deal.mandateId,
      rail_plan: JSON.stringify(deal.railPlan),
      payment: deal.payment ? JSON.stringify(deal.payment) : null,
      gate: JSON.stringify(deal.gate),
      risk: JSON.stringify(deal.risk),
    },
  ]);
}

export interface Exposure {
  role: 'buyer' | 'seller';
  principalId: string;
  agentId: string;
}

export async function insertExposures(
  trx: Trx,
  deal: { transactionId: string; asset: string; amountMinor: bigint; usdMinor: bigint },
  sides: readonly Exposure[],
): Promise<void> {
  await insert(
    trx,
    'exposures',
    sides.map(({ role, principalId, agentId }) => ({
      transaction_id: deal.transactionId,
      role,
      principal_id: principalId,
      agent_id: agentId,
      asset: deal.asset,
      amount_minor: deal.amountMinor.toString(),
      usd_minor: deal.usdMinor.toString(),
    })),
  );
}

export async function releaseExposures(trx: Trx, transactionId: string): Promise<void> {
  await rows(
    trx,
    'UPDATE exposures SET released_at = now() WHERE transaction_id = ? AND released_at IS NULL',
    [transactionId],
  );
}

/** A deal with its state, as it is worked on. */
export interface Deal {
  id: string;
  sessionId: string;
  offerId: string;
  scoutId: string;
  beaconId: string;
  buyerPrincipalId: string;
  sellerPrincipalId: string;
  profileId: ProfileId;
  asset: string;
  totalMinor: bigint;
  totalUsdMinor: bigint;
  feeMinor: bigint;
  commitmentHash: string;
  rail: RailName;
  mandateId: string;
  railPlan: RailPlanStep[];
  /** The method that was negotiated at commit; null for deals of before there was one. */
  payment: NegotiatedPayment | null;
  marketState: MarketState;
  clearingState: ClearingState | null;
  marginCallUntil: Date | null;
  quantity: number;
  subtotalMinor: bigint;
  shippingMinor: bigint;
  taxMinor: bigint;
  shippingMethod: string | null;
  consent: Consent;
  gate: GateStepRecord[];
  risk: RiskAssessment;
  createdAt: Date;
  updatedAt: Date;
}

const COLUMNS = `t.id, t.session_id AS "sessionId", t.offer_id AS "offerId", t.scout_id AS "scoutId",
  t.beacon_id AS "beaconId", t.buyer_principal_id AS "buyerPrincipalId", t.seller_principal_id AS "sellerPrincipalId",
  t.profile_id AS "profileId", t.asset, t.total_minor AS "totalMinor", t.total_usd_minor AS "totalUsdMinor",
  t.fee_minor AS "feeMinor", t.commitment_hash AS "commitmentHash", t.rail, t.mandate_id AS "mandateId", t.rail_plan AS "railPlan", t.payment,
  s.market_state AS "marketState", t.clearing_state AS "clearingState", t.margin_call_until AS "marginCallUntil",
  t.quantity, t.subtotal_minor AS "subtotalMinor", t.shipping_minor AS "shippingMinor", t.tax_minor AS "taxMinor",
  t.shipping_method AS "shippingMethod", t.consent, t.gate, t.risk, t.created_at AS "createdAt", t.updated_at AS "updatedAt"`;

const AMOUNTS = [
  'totalMinor',
  'totalUsdMinor',
  'feeMinor',
  'subtotalMinor',
  'shippingMinor',
  'taxMinor',
] as const;

function toDeal(row: Record<string, unknown>): Deal {
  for (const field of AMOUNTS) row[field] = BigInt(row[field] as string);
  return row as unknown as Deal;
}

export async function findDeal(db: Queryable, id: string): Promise<Deal | undefined> {
  const [found] = await rows<Record<string, unknown>>(
    db,
    `SELECT ${COLUMNS} FROM transactions t JOIN sessions s ON s.id = t.session_id WHERE t.id = ?`,
    [id],
  );
  return found && toDeal(found);
}

export async function findDealOfSession(db: Queryable, sessionId: string): Promise<Deal | undefined> {
  const [found] = await rows<Record<string, unknown>>(
    db,
    `SELECT ${COLUMNS} FROM transactions t JOIN sessions s ON s.id = t.session_id WHERE t.session_id = ?`,
    [sessionId],
  );
  return found && toDeal(found);
}

/** A seller's deals, newest first. */
export async function dealsOfBeacon(db: Queryable, beaconId: string, limit: number): Promise<Deal[]> {
  const found = await rows<Record<string, unknown>>(
    db,
    `SELECT ${COLUMNS} FROM transactions t JOIN sessions s ON s.id = t.session_id
     WHERE t.beacon_id = ? ORDER BY t.created_at DESC, t.id DESC LIMIT ?`,
    [beaconId, limit],
  );
  return found.map(toDeal);
}

/** Locks the deal's session and transaction rows; everything that changes a deal starts here. */
export async function lockDeal(trx: Trx, id: string): Promise<Deal> {
  const [, [found]] = await Promise.all([
    rows(
      trx,
      'SELECT 1 FROM sessions WHERE id = (SELECT session_id FROM transactions WHERE id = ?) FOR UPDATE',
      [id],
    ),
    rows<Record<string, unknown>>(
      trx,
      `SELECT ${COLUMNS} FROM transactions t JOIN sessions s ON s.id = t.session_id WHERE t.id = ? FOR UPDATE OF t`,
      [id],
    ),
  ]);
  if (!found) throw new Error(`no transaction ${id}`);
  return toDeal(found);
}

export function stateOf({
  marketState,
  clearingState,
}: Pick<Deal, 'marketState' | 'clearingState'>): DealState {
  return { market: marketState, clearing: clearingState };
}

export async function setMarginCall(trx: Trx, transactionId: string, windowMs: number): Promise<Date> {
  const [called] = await rows<{ until: Date }>(
    trx,
    `UPDATE transactions SET margin_call_until = now() + ? * interval '1 millisecond' WHERE id = ?
     RETURNING margin_call_until AS until`,
    [windowMs, transactionId],
  );
  if (!called) throw new Error(`no transaction ${transactionId}`);
  return called.until;
}

/** The deal goes on over another of its rails. */
export async function setRail(trx: Trx, transactionId: string, step: RailPlanStep): Promise<void> {
  await update(trx, 'transactions', { id: transactionId }, { rail: step.rail, mandate_id: step.mandate_id });
}

/** Deals of a principal that wait for margin. */
export async function openMarginCalls(db: Queryable, principalId: string): Promise<string[]> {
  const found = await rows<{ id: string }>(
    db,
    `SELECT t.id FROM transactions t WHERE t.clearing_state = 'risk_assessed'
       AND (t.buyer_principal_id = :principal OR t.seller_principal_id = :principal) ORDER BY t.id`,
    { principal: principalId },
  );
  return found.map(({ id }) => id);
}
