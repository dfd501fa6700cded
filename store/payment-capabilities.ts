/** What agents declared of payment, versioned by the time of change. */
import type { PaymentCapabilities } from '../domain/payments';
import { canonicalJson } from '../domain/canonical';
import { rows, type Queryable, type Trx } from './db';
import { setPayoutSchedule } from './payouts';
import { recordAudit } from './states';

export interface DeclaredCapabilities {
  capabilities: PaymentCapabilities;
  declaredAt: Date;
}

/** The agent's declaration that holds now. */
export async function findCapabilities(
  db: Queryable,
  agentId: string,
): Promise<DeclaredCapabilities | undefined> {
  const [found] = await rows<DeclaredCapabilities>(
    db,
    `SELECT capabilities, declared_at AS "declaredAt" FROM payment_capabilities
     WHERE agent_id = ? ORDER BY seq DESC LIMIT 1`,
    [agentId],
  );
  return found;
}

/** Declares capabilities from now on; the same again changes nothing. A payout schedule in them takes effect. */
export async function declareCapabilities(
  trx: Trx,
  agentId: string,
  capabilities: PaymentCapabilities,
): Promise<void> {
  await trx.raw('SELECT 1 FROM agents WHERE id = ? FOR UPDATE', [agentId]);
  const { payoutSchedule } = capabilities;
  if (payoutSchedule !== undefined) await setPayoutSchedule(trx, agentId, payoutSchedule);
  const known = await findCapabilities(trx, agentId);
  // What is absent is not there at all, as in the database.
  const stored = JSON.parse(JSON.stringify(capabilities)) as PaymentCapabilities;
  if (known && canonicalJson(known.capabilities) === canonicalJson(stored)) return;
  await trx('payment_capabilities').insert({
    agent_id: agentId,
    capabilities: JSON.stringify(stored),
  });
  await recordAudit(trx, {
    actor: agentId,
    action: 'payment_capabilities.declared',
    subject: agentId,
    detail: {
      methods: capabilities.methods.map(({ type }) => type),
      preferred_method: capabilities.preferredMethod ?? null,
    },
  });
}

/** What both agents of a deal declared, read with one question. */
export async function declaredBy(
  db: Queryable,
  { scoutId, beaconId }: { scoutId: string; beaconId: string | undefined },
): Promise<{ scout?: PaymentCapabilities; beacon?: PaymentCapabilities }> {
  const found = await rows<{ agentId: string; capabilities: PaymentCapabilities }>(
    db,
    `SELECT DISTINCT ON (agent_id) agent_id AS "agentId", capabilities FROM payment_capabilities
     WHERE agent_id = ANY(?) ORDER BY agent_id, seq DESC`,
    [[scoutId, beaconId ?? scoutId]],
  );
  const of = (id: string | undefined) => found.find(({ agentId }) => agentId === id)?.capabilities;
  return { scout: of(scoutId), beacon: of(beaconId) };
}

/** How often the beacon is paid out now. */
export async function currentPayoutSchedule(
  db: Queryable,
  agentId: string,
): Promise<PaymentCapabilities['payoutSchedule']> {
  const [found] = await rows<{ schedule: PaymentCapabilities['payoutSchedule'] }>(
    db,
    'SELECT payout_schedule AS schedule FROM agents WHERE id = ?',
    [agentId],
  );
  return found?.schedule;
}
