/** What agents declare of payment: scouts what they can pay with, beacons what they can be paid with. */
import type { z } from 'zod';
import { inTransaction, type Db, type Trx } from '../../store/db';
import {
  currentPayoutSchedule,
  declareCapabilities,
  findCapabilities,
} from '../../store/payment-capabilities';
import { requireSelf } from '../own-agent';
import { route, type Route } from '../route';
import { beaconParams, scoutParams } from '../schemas/common';
import {
  beaconCapabilitiesRequest,
  beaconCapabilitiesResponse,
  scoutCapabilitiesRequest,
  scoutCapabilitiesResponse,
  type beaconCapabilities,
  type scoutCapabilities,
} from '../schemas/payment-methods';
import { fromBeacon, fromScout, toBeacon, toScout } from '../views/payment-capabilities';

export function paymentCapabilityRoutes(): Route[] {
  return [setScouts, getScouts, setBeacons, getBeacons];
}

/** For registration: stores what a new agent declares along with it. */
export async function acceptCapabilities(
  trx: Trx,
  agent: { id: string; role: 'scout' | 'beacon' },
  given: z.infer<typeof scoutCapabilities> | z.infer<typeof beaconCapabilities> | undefined,
): Promise<void> {
  if (given === undefined) return;
  const read = 'supported_methods' in given ? fromScout(given) : fromBeacon(given);
  await declareCapabilities(trx, agent.id, read);
}

const PUT = {
  method: 'put',
  tag: 'Identity',
  keySuffices: true,
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'AGENT_NOT_FOUND'],
} as const;

const GET = { method: 'get', tag: 'Identity', keySuffices: true, errors: ['AGENT_NOT_FOUND'] } as const;

const OF_SCOUT = {
  path: '/v1/agents/scouts/:scout_id/payment-capabilities',
  access: ['scout'],
  params: scoutParams,
  response: { status: 200, schema: scoutCapabilitiesResponse, description: 'What holds now' },
} as const;

const OF_BEACON = {
  path: '/v1/agents/beacons/:beacon_id/payment-capabilities',
  access: ['beacon'],
  params: beaconParams,
  response: { status: 200, schema: beaconCapabilitiesResponse, description: 'What holds now' },
} as const;

const setScouts = route<z.infer<typeof scoutParams>, unknown, z.infer<typeof scoutCapabilitiesRequest>>({
  ...PUT,
  ...OF_SCOUT,
  summary: 'Declare what the scout can pay with, from now on',
  body: scoutCapabilitiesRequest,
  async handler({ params, body, agent, deps }) {
    await requireSelf(deps.db, params.scout_id, agent);
    const capabilities = fromScout(body.payment_capabilities);
    await inTransaction(deps.db, (trx) => declareCapabilities(trx, agent.id, capabilities));
    return { status: 200, body: await scoutAnswer(deps.db, agent.id) };
  },
});

const getScouts = route<z.infer<typeof scoutParams>>({
  ...GET,
  ...OF_SCOUT,
  summary: 'What the scout can pay with',
  async handler({ params, agent, deps }) {
    await requireSelf(deps.db, params.scout_id, agent);
    return { status: 200, body: await scoutAnswer(deps.db, agent.id) };
  },
});

const setBeacons = route<z.infer<typeof beaconParams>, unknown, z.infer<typeof beaconCapabilitiesRequest>>({
  ...PUT,
  ...OF_BEACON,
  summary: 'Declare what the beacon can be paid with, from now on',
  body: beaconCapabilitiesRequest,
  async handler({ params, body, agent, deps }) {
    await requireSelf(deps.db, params.beacon_id, agent);
    const capabilities = fromBeacon(body.payment_capabilities);
    await inTransaction(deps.db, (trx) => declareCapabilities(trx, agent.id, capabilities));
    return { status: 200, body: await beaconAnswer(deps.db, agent.id) };
  },
});

const getBeacons = route<z.infer<typeof beaconParams>>({
  ...GET,
  ...OF_BEACON,
  summary: 'What the beacon can be paid with',
  async handler({ params, agent, deps }) {
    await requireSelf(deps.db, params.beacon_id, agent);
    return { status: 200, body: await beaconAnswer(deps.db, agent.id) };
  },
});

async function scoutAnswer(db: Db, agentId: string) {
  const found = await findCapabilities(db, agentId);
  return {
    scout_id: agentId,
    payment_capabilities: found ? toScout(found.capabilities) : null,
    updated_at: found?.declaredAt.toISOString() ?? null,
  };
}

async function beaconAnswer(db: Db, agentId: string) {
  const [found, schedule] = await Promise.all([
    findCapabilities(db, agentId),
    currentPayoutSchedule(db, agentId),
  ]);
  return {
    beacon_id: agentId,
    payment_capabilities: found ? toBeacon(found.capabilities, schedule) : null,
    updated_at: found?.declaredAt.toISOString() ?? null,
  };
}
