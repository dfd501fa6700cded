/** What the routes of disputes share: who sees one, how its workflow is woken, and how it is answered. */
import type { Party } from '../../domain/clearing/disputes';
import { AuraError } from '../../domain/errors';
import { formatMoney } from '../../domain/money';
import type { AgentWithKey } from '../../store/agents';
import { databaseNow } from '../../store/clock';
import { panelOf } from '../../store/dispute-panel';
import { findDispute, type Dispute } from '../../store/disputes';
import { findDeal, type Deal } from '../../store/transactions';
import { disputeChanged, type DisputeInput } from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import type { Answer } from '../route';
import { disputeView } from '../views/disputes';
import { startOnce, tell } from '../workflows';
import { readAmount } from './agents';

/** A dispute is visible to the deal's two agents, to its panel, and to operators. */
export async function myDispute(
  { db }: ApiDeps,
  id: string,
  agent: AgentWithKey,
): Promise<{ dispute: Dispute; deal: Deal }> {
  const dispute = await findDispute(db, id);
  const deal = dispute && (await findDeal(db, dispute.transactionId));
  if (!dispute || !deal) throw new AuraError('DISPUTE_NOT_FOUND');
  const sees =
    agent.role === 'operator' ||
    sideOf(deal, agent) !== undefined ||
    (await panelOf(db, id)).some(({ memberId }) => memberId === agent.id);
  if (!sees) throw new AuraError('DISPUTE_NOT_FOUND');
  return { dispute, deal };
}

export function sideOf(deal: Deal, { id }: Pick<AgentWithKey, 'id'>): Party | undefined {
  if (id === deal.scoutId) return 'buyer';
  return id === deal.beaconId ? 'seller' : undefined;
}

export function conflict(message: string, dispute?: Dispute): AuraError {
  return new AuraError(
    'SESSION_STATE_CONFLICT',
    message,
    dispute ? { dispute_id: dispute.id, status: dispute.status } : {},
  );
}

/** Has the dispute's workflow look at it; where a crash kept it from starting, it starts now. */
export async function wake({ temporal }: ApiDeps, disputeId: string): Promise<void> {
  await startOnce<DisputeInput>(temporal, { type: 'dispute', id: disputeId, input: { disputeId } });
  await tell(temporal, disputeId, disputeChanged);
}

export async function disputeAnswer(deps: ApiDeps, id: string, status: number): Promise<Answer> {
  const dispute = await findDispute(deps.db, id);
  if (!dispute) throw new Error(`the dispute ${id} was not stored`);
  return { status, body: await disputeView(deps.db, dispute, await databaseNow(deps.db)) };
}

/** The amount of a partial refund, which no other remedy has. Minor units. */
export function partialAmount(
  deal: Deal,
  { remedy, amount }: { remedy: string; amount?: string },
): bigint | undefined {
  if (remedy !== 'partial_refund') {
    if (amount === undefined) return undefined;
    throw badParameter('amount', `a remedy of ${remedy} takes no amount`);
  }
  if (amount === undefined) throw badParameter('amount', 'a partial refund needs one');
  const amountMinor = readAmount(amount, deal.asset, 'amount');
  if (amountMinor > deal.totalMinor) {
    const total = formatMoney({ amountMinor: deal.totalMinor, asset: deal.asset });
    throw badParameter('amount', `more than the total of ${total}`);
  }
  return amountMinor;
}

export function badParameter(field: string, reason: string): AuraError {
  return new AuraError('INVALID_PARAMETER', `${field}: ${reason}`, { field, reason });
}
