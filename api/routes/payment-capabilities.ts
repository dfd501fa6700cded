/** What agents declare of payment: scouts what they can pay with, beacons what they can be paid with. */
import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { inTransaction, type Db, type Trx } from '../../store/db';
import {
  currentPayoutSchedule,
  declareCapabilities,
  findCapabilities,
} from '../../store/payment-capabilities';
import { route, type Route } from '../route';
import {
  beaconCapabilitiesRequest,
  beaconCapabilitiesResponse,
  beaconIdParams,
  scoutCapabilitiesRequest,
  scoutCapabilitiesResponse,
  scoutIdParams,
  type beaconCapabilities,
  type scoutCapabilities,
} from '../schemas/payment-methods';
import { fromBeacon, fromScout, toBeacon, toScout } from '../views/payment-capabilities';

const SCOUT_PATH = '/v1/agents/scouts/:scout_id/payment-capabilities';
const BEACON_PATH = '/v1/agents/beacons/:beacon_id/payment-capabilities';

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

const setScouts = route<z.infer<typeof scoutIdParams>, unknown, z.infer<typeof scoutCapabilitiesRequest>>({
  method: 'put',
  path: SCOUT_PATH,
  summary: 'Declare what the scout can pay with, from now on',
  tag: 'Identity',
  access: ['scout'],
  keySuffices: true,
  params: scoutIdParams,
  body: scoutCapabilitiesRequest,
  response: { status: 200, schema: scoutCapabilitiesResponse, description: 'What holds now' },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'AGENT_NOT_FOUND'],
  async handler({ params, body, agent, deps }) {
    refuseOthers(params.scout_id, agent.id);
    const capabilities = fromScout(body.payment_capabilities);
    await inTransaction(deps.db, (trx) => declareCapabilities(trx, agent.id, capabilities));
    return { status: 200, body: await scoutAnswer(deps.db, agent.id) };
  },
});

const getScouts = route<z.infer<typeof scoutIdParams>>({
  method: 'get',
  path: SCOUT_PATH,
  summary: 'What the scout can pay with',
  tag: 'Identity',
  access: ['scout'],
  keySuffices: true,
  params: scoutIdParams,
  response: { status: 200, schema: scoutCapabilitiesResponse, description: 'What holds now' },
  errors: ['AGENT_NOT_FOUND'],
  async handler({ params, agent, deps }) {
    refuseOthers(params.scout_id, agent.id);
    return { status: 200, body: await scoutAnswer(deps.db, agent.id) };
  },
});

const setBeacons = route<z.infer<typeof beaconIdParams>, unknown, z.infer<typeof beaconCapabilitiesRequest>>({
  method: 'put',
  path: BEACON_PATH,
  summary: 'Declare what the beacon can be paid with, from now on',
  tag: 'Identity',
  access: ['beacon'],
  keySuffices: true,
  params: beaconIdParams,
  body: beaconCapabilitiesRequest,
  response: { status: 200, schema: beaconCapabilitiesResponse, description: 'What holds now' },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'AGENT_NOT_FOUND'],
  async handler({ params, body, agent, deps }) {
    refuseOthers(params.beacon_id, agent.id);
    const capabilities = fromBeacon(body.payment_capabilities);
    await inTransaction(deps.db, (trx) => declareCapabilities(trx, agent.id, capabilities));
    return { status: 200, body: await beaconAnswer(deps.db, agent.id) };
  },
});

const getBeacons = route<z.infer<typeof beaconIdParams>>({
  method: 'get',
  path: BEACON_PATH,
  summary: 'What the beacon can be paid with',
  tag: 'Identity',
  access: ['beacon'],
  keySuffices: true,
  params: beaconIdParams,
  response: { status: 200, schema: beaconCapabilitiesResponse, description: 'What holds now' },
  errors: ['AGENT_NOT_FOUND'],
  async handler({ params, agent, deps }) {
    refuseOthers(params.beacon_id, agent.id);
    return { status: 200, body: await beaconAnswer(deps.db, agent.id) };
  },
});

/** Another agent's id answers as one that does not exist. */
function refuseOthers(asked: string, own: string): void {
  if (asked !== own) throw new AuraError('AGENT_NOT_FOUND');
}

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
