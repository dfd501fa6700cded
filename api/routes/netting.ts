/** Netting: joining it, its cycles, and closing one on demand. */
import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { MEMBER_TRUST } from '../../domain/netting';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { atLeast } from '../../domain/trust';
import type { AgentWithKey } from '../../store/agents';
import { inTransaction } from '../../store/db';
import { findCycle, membershipsOf, upsertMembership, type NettingCycle } from '../../store/netting';
import { canNet, listCycles, partsOfCycle, type CycleParts } from '../../store/netting-views';
import { findPrincipal } from '../../store/principals';
import { recordAudit } from '../../store/states';
import type { NettingInput } from '../../workflows/messages';
import { csv } from '../csv';
import type { ApiDeps } from '../deps';
import { route, type Route } from '../route';
import {
  cycleParams,
  cycleQuery,
  cycleResponse,
  cyclesQuery,
  cyclesResponse,
  membershipRequest,
  membershipResponse,
  membershipsResponse,
} from '../schemas/netting';
import { cycleDetail, cycleRows, cycleView, membershipView } from '../views/netting';
import { startOnce } from '../workflows';
import { readAmount } from './agents';

const ANYONE = ['scout', 'beacon', 'operator'] as const;
const PARTIES = ['scout', 'beacon'] as const;
const CSV = 'text/csv; charset=utf-8';

export function nettingRoutes(): Route[] {
  return [join, memberships, cycles, getCycle, closeCycle];
}

const join = route<unknown, unknown, z.infer<typeof membershipRequest>>({
  method: 'put',
  path: '/v1/netting/memberships',
  summary: "Join or leave netting at a rail for the agent's principal",
  tag: 'Netting',
  access: PARTIES,
  body: membershipRequest,
  response: { status: 200, schema: membershipResponse, description: 'The membership' },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'BUSINESS_RULE_VIOLATION'],
  async handler({ body, agent, deps }) {
    const { rail, currency, active } = body;
    const { batch, settles } = RAIL_TERMS[rail];
    if (!batch || settles[currency] !== currency)
      throw new AuraError('INVALID_PARAMETER', `${rail} nets no ${currency}.`, { field: 'rail' });
    const cap = body.debit_cap;
    const debitCapMinor = cap === undefined || cap === null ? null : readAmount(cap, currency, 'debit_cap');
    if (active) await checkMember(deps, agent, { rail, asset: currency });
    const membership = { principalId: agent.principalId, rail, asset: currency, active, debitCapMinor };
    await inTransaction(deps.db, async (trx) => {
      await upsertMembership(trx, { ...membership, updatedBy: agent.id });
      await recordAudit(trx, {
        actor: agent.id,
        action: active ? 'netting.joined' : 'netting.left',
        subject: agent.principalId,
        detail: { rail, asset: currency, debit_cap_minor: debitCapMinor?.toString() ?? null },
      });
    });
    const where = { principalIds: [agent.principalId], rail, asset: currency };
    const [stored] = await membershipsOf(deps.db, where);
    if (!stored) throw new Error('the membership was not stored');
    return { status: 200, body: membershipView(stored) };
  },
});

/** A member is verified, can be paid at the rail, and can be asked to pay there. */
async function checkMember(
  { db }: ApiDeps,
  { principalId }: AgentWithKey,
  at: { rail: string; asset: string },
): Promise<void> {
  const principal = await findPrincipal(db, principalId);
  if (!principal || !atLeast(principal.trustLevel, MEMBER_TRUST)) refuse('member_trust', MEMBER_TRUST);
  const { account, mandate } = await canNet(db, { principalId, ...at });
  if (!account) refuse('member_account', 'an account at the rail');
  if (!mandate) refuse('member_mandate', 'an accepted mandate at the rail');
}

function refuse(rule: string, required: string): never {
  throw new AuraError('BUSINESS_RULE_VIOLATION', `Netting needs ${required}.`, { rule, required });
}

const memberships = route({
  method: 'get',
  path: '/v1/netting/memberships',
  summary: "The netting memberships of the agent's principal",
  tag: 'Netting',
  access: PARTIES,
  response: { status: 200, schema: membershipsResponse, description: 'Active ones and others' },
  errors: [],
  async handler({ agent, deps }) {
    const found = await membershipsOf(deps.db, { principalIds: [agent.principalId] });
    return { status: 200, body: { memberships: found.map(membershipView) } };
  },
});

const cycles = route<unknown, z.infer<typeof cyclesQuery>>({
  method: 'get',
  path: '/v1/netting/cycles',
  summary: 'Netting cycles, newest first; JSON or CSV',
  tag: 'Netting',
  access: ANYONE,
  query: cyclesQuery,
  response: {
    mediaTypes: ['application/json', 'text/csv'],
    status: 200,
    schema: cyclesResponse,
    description: 'Operators see all, members their own',
  },
  errors: ['INVALID_PARAMETER'],
  async handler({ query: { format, ...filter }, agent, deps }) {
    const found = await listCycles(deps.db, { ...filter, principalId: readerOf(agent) });
    const views = found.map(cycleView);
    return format === 'csv'
      ? { status: 200, body: csv(views), contentType: CSV }
      : { status: 200, body: { cycles: views } };
  },
});

const getCycle = route<z.infer<typeof cycleParams>, z.infer<typeof cycleQuery>>({
  method: 'get',
  path: '/v1/netting/cycles/:cycle_id',
  summary: 'A netting cycle with positions, payments and deals; JSON or CSV',
  tag: 'Netting',
  access: ANYONE,
  params: cycleParams,
  query: cycleQuery,
  response: {
    mediaTypes: ['application/json', 'text/csv'],
    status: 200,
    schema: cycleResponse,
    description: 'Members see their own part',
  },
  errors: ['RESOURCE_NOT_FOUND', 'INVALID_PARAMETER'],
  async handler({ params, query, agent, deps }) {
    const { cycle, parts } = await mine(deps, params.cycle_id, agent);
    return query.format === 'csv'
      ? { status: 200, body: csv(cycleRows(cycle, parts)), contentType: CSV }
      : { status: 200, body: cycleDetail(cycle, parts) };
  },
});

const closeCycle = route<z.infer<typeof cycleParams>>({
  method: 'post',
  path: '/v1/netting/cycles/:cycle_id/close',
  summary: 'Close a netting cycle now',
  tag: 'Netting',
  access: ['operator'],
  params: cycleParams,
  response: {
    status: 202,
    schema: cycleResponse,
    description: 'The cycle, which closes now or has been closed',
  },
  errors: ['RESOURCE_NOT_FOUND', 'SERVICE_UNAVAILABLE'],
  async handler({ params: { cycle_id: cycleId }, agent, deps }) {
    const { cycle } = await mine(deps, cycleId, agent);
    if (cycle.status === 'open') {
      await inTransaction(deps.db, (trx) =>
        recordAudit(trx, { actor: agent.id, action: 'netting.close_asked', subject: cycleId, detail: {} }),
      );
    }
    await startOnce<NettingInput>(deps.temporal, { type: 'netting', id: cycleId, input: { cycleId } });
    const after = await mine(deps, cycleId, agent);
    return { status: 202, body: cycleDetail(after.cycle, after.parts) };
  },
});

const readerOf = ({ role, principalId }: AgentWithKey) => (role === 'operator' ? undefined : principalId);

/** The cycle with what the agent may see of it. Whoever has no part in it does not learn that it is there. */
async function mine(
  { db }: ApiDeps,
  cycleId: string,
  agent: AgentWithKey,
): Promise<{ cycle: NettingCycle; parts: CycleParts }> {
  const cycle = await findCycle(db, cycleId);
  const reader = readerOf(agent);
  const parts = cycle && (await partsOfCycle(db, cycle, reader));
  const hasPart =
    parts &&
    (reader === undefined || parts.deals.length + parts.positions.length + parts.payments.length > 0);
  if (!cycle || !hasPart) throw new AuraError('RESOURCE_NOT_FOUND', 'There is no such netting cycle.');
  return { cycle, parts };
}
