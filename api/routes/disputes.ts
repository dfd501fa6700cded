import type { z } from 'zod';
import { disputeWindowEnd, filingOf, respondentOf, type Party } from '../../domain/clearing/disputes';
import { sha256Hex } from '../../domain/canonical';
import { AuraError } from '../../domain/errors';
import { databaseNow } from '../../store/clock';
import { inTransaction, type Trx } from '../../store/db';
import {
  addStatement,
  sameStatement,
  statementsOf,
  type Exhibit,
  type Statement,
} from '../../store/dispute-statements';
import {
  decideDispute,
  disputesOf,
  findDispute,
  listDisputes,
  lockDispute,
  milestonesOf,
  openDispute,
  setDisputeStatus,
  toldOf,
  type Dispute,
} from '../../store/disputes';
import { recordAudit, recordEvents } from '../../store/states';
import { lockDeal, stateOf, type Deal } from '../../store/transactions';
import { dealChanged } from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import { route, type Route } from '../route';
import { transactionParams } from '../schemas/clearing';
import {
  answerRequest,
  disputeParams,
  disputeRequest,
  disputeResponse,
  disputesQuery,
  disputesResponse,
} from '../schemas/disputes';
import { disputeSummary } from '../views/disputes';
import { tell } from '../workflows';
import { decisionRoutes } from './dispute-decisions';
import {
  badParameter,
  conflict,
  disputeAnswer,
  myDispute,
  partialAmount,
  sideOf,
  wake,
} from './dispute-parts';
import { evidenceRoutes } from './evidence';
import { myDeal } from './transactions';

const MAX_STATEMENTS = 40;
const ANYONE = ['scout', 'beacon', 'operator'] as const;
const PARTIES = ['scout', 'beacon'] as const;

export function disputeRoutes(): Route[] {
  return [file, list, get, answer, ...decisionRoutes(), ...evidenceRoutes()];
}

type ExhibitInput = z.infer<typeof disputeRequest>['evidence'][number];

/** What is filed with its content is hashed here; a hash that comes along has to be the content's. */
function exhibitsOf(evidence: readonly ExhibitInput[]): Exhibit[] {
  return evidence.map((input, index) => {
    const sha256 = input.content === undefined ? input.sha256 : sha256Hex(input.content);
    if (sha256 === undefined || (input.sha256 !== undefined && input.sha256 !== sha256)) {
      throw badParameter(`evidence.${index}.sha256`, 'not the hash of the content');
    }
    return { ...input, sha256 };
  });
}

const file = route<z.infer<typeof transactionParams>, unknown, z.infer<typeof disputeRequest>>({
  method: 'post',
  path: '/v1/transactions/:transaction_id/disputes',
  summary: 'Dispute a deal',
  tag: 'Disputes',
  access: PARTIES,
  params: transactionParams,
  body: disputeRequest,
  response: { status: 201, schema: disputeResponse, description: 'The dispute, waiting for its answer' },
  errors: [
    'INVALID_REQUEST',
    'INVALID_PARAMETER',
    'TRANSACTION_NOT_FOUND',
    'SESSION_STATE_CONFLICT',
    'IDEMPOTENCY_CONFLICT',
    'SERVICE_UNAVAILABLE',
  ],
  creates: { kind: 'dispute', movesMoney: true },
  async handler({ params, body, agent, deps, subjectId }) {
    const { id } = await myDeal(deps, params.transaction_id, agent);
    const exhibits = exhibitsOf(body.evidence);
    await inTransaction(deps.db, async (trx) => {
      const deal = await lockDeal(trx, id);
      // Filed before a crash, under the same key.
      if (await findDispute(trx, subjectId)) return;
      const side = sideOf(deal, agent);
      if (!side) throw new AuraError('TRANSACTION_NOT_FOUND');
      const amountMinor = partialAmount(deal, { remedy: body.remedy_requested, amount: body.amount });
      await checkFiling(trx, deps, deal, { side, reason: body.reason });
      const { reason, description, remedy_requested: remedy } = body;
      const filing = { deal, side, reason, description, remedy, amountMinor, exhibits, filedBy: agent.id };
      await openDispute(trx, { ...filing, id: subjectId, profile: deps.profiles[deal.profileId] });
    });
    await wake(deps, subjectId);
    await tell(deps.temporal, id, dealChanged);
    return disputeAnswer(deps, subjectId, 201);
  },
});

/** Whether this side may file now. What was decided once is not filed again. */
async function checkFiling(
  trx: Trx,
  { profiles }: ApiDeps,
  deal: Deal,
  claim: { side: Party; reason: string },
): Promise<void> {
  const disputes = await disputesOf(trx, deal.id);
  const open = disputes.find(({ closedAt }) => closedAt === null);
  if (open) throw conflict(`The dispute ${open.id} of this deal is open already.`, open);
  const now = await databaseNow(trx);
  const windowEndsAt = disputeWindowEnd(profiles[deal.profileId], await milestonesOf(trx, deal.sessionId));
  const filing = filingOf(stateOf(deal), { now, windowEndsAt });
  if ('problem' in filing) {
    throw new AuraError('SESSION_STATE_CONFLICT', `It cannot be disputed: ${filing.problem}.`, {
      status: deal.marketState,
      clearing_status: deal.clearingState,
      window_ends_at: windowEndsAt?.toISOString() ?? null,
    });
  }
  const before = disputes.find(({ side, reason }) => side === claim.side && reason === claim.reason);
  if (before) throw conflict(`${before.id} has decided this already.`, before);
}

const list = route<unknown, z.infer<typeof disputesQuery>>({
  method: 'get',
  path: '/v1/disputes',
  summary: 'Disputes by deadline: all to operators, to others those of their deals and panels',
  tag: 'Disputes',
  access: ANYONE,
  query: disputesQuery,
  response: { status: 200, schema: disputesResponse, description: 'The disputes' },
  errors: ['INVALID_PARAMETER'],
  async handler({ query, agent, deps }) {
    const agentId = agent.role === 'operator' ? undefined : agent.id;
    const found = await listDisputes(deps.db, { ...query, agentId });
    const now = await databaseNow(deps.db);
    return { status: 200, body: { disputes: found.map((dispute) => disputeSummary(dispute, now)) } };
  },
});

const get = route<z.infer<typeof disputeParams>>({
  method: 'get',
  path: '/v1/disputes/:dispute_id',
  summary: 'A dispute with its statements, panel, decision and remedy',
  tag: 'Disputes',
  access: ANYONE,
  params: disputeParams,
  response: { status: 200, schema: disputeResponse, description: 'The dispute' },
  errors: ['DISPUTE_NOT_FOUND'],
  async handler({ params, agent, deps }) {
    await myDispute(deps, params.dispute_id, agent);
    return disputeAnswer(deps, params.dispute_id, 200);
  },
});

const answer = route<z.infer<typeof disputeParams>, unknown, z.infer<typeof answerRequest>>({
  method: 'post',
  path: '/v1/disputes/:dispute_id/answers',
  summary: 'Accept or contest a dispute, or add evidence to it',
  tag: 'Disputes',
  access: PARTIES,
  params: disputeParams,
  body: answerRequest,
  response: { status: 200, schema: disputeResponse, description: 'The dispute with the statement in it' },
  errors: [
    'INVALID_REQUEST',
    'INVALID_PARAMETER',
    'INSUFFICIENT_PERMISSIONS',
    'DISPUTE_NOT_FOUND',
    'SESSION_STATE_CONFLICT',
    'SERVICE_UNAVAILABLE',
  ],
  async handler({ params, body, agent, deps }) {
    const { deal: seen } = await myDispute(deps, params.dispute_id, agent);
    const said: Statement = {
      disputeId: params.dispute_id,
      agentId: agent.id,
      position: body.position,
      statement: body.statement,
      exhibits: exhibitsOf(body.evidence),
    };
    await inTransaction(deps.db, async (trx) => {
      const deal = await lockDeal(trx, seen.id);
      await takeAnswer(trx, deal, await lockDispute(trx, said.disputeId), said);
    });
    await wake(deps, said.disputeId);
    return disputeAnswer(deps, said.disputeId, 200);
  },
});

async function takeAnswer(trx: Trx, deal: Deal, dispute: Dispute, said: Statement): Promise<void> {
  const side = sideOf(deal, { id: said.agentId });
  const respondent = respondentOf(dispute);
  if (!side) throw new AuraError('INSUFFICIENT_PERMISSIONS', 'Only the parties speak in a dispute.');
  if (said.position !== 'evidence' && side !== respondent) {
    throw new AuraError('INSUFFICIENT_PERMISSIONS', `It is for the ${respondent} to answer this dispute.`);
  }
  const statements = await statementsOf(trx, dispute.id);
  if (statements.some((known) => sameStatement(known, said))) return;
  if (dispute.decidedAt) throw conflict('The dispute has been decided.', dispute);
  if (said.position === 'contest' && dispute.status !== 'open') {
    throw conflict('The dispute has been answered.', dispute);
  }
  if (statements.length >= MAX_STATEMENTS) {
    throw conflict(`A dispute takes ${MAX_STATEMENTS} statements.`, dispute);
  }
  await addStatement(trx, said);
  await recordAudit(trx, {
    actor: said.agentId,
    action: 'dispute.statement',
    subject: deal.id,
    detail: { dispute_id: dispute.id, position: said.position },
  });
  if (said.position === 'evidence') return;
  await recordEvents(trx, [
    {
      type: 'dispute.answered',
      correlationId: deal.sessionId,
      payload: { ...toldOf(deal, dispute.id), position: said.position },
    },
  ]);
  if (said.position === 'contest') return setDisputeStatus(trx, dispute.id, 'answered');
  await decideDispute(trx, deal, dispute, {
    remedy: dispute.remedyAsked,
    ...(dispute.amountAskedMinor !== null && { amountMinor: dispute.amountAskedMinor }),
    decidedBy: said.agentId,
    reason: `The ${respondent} accepts what was asked for.`,
  });
}
