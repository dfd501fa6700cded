/** How disputes are decided: by an operator as arbiter, or by a panel's votes. */
import type { z } from 'zod';
import { panelProblem, tally, voteSigningBytes } from '../../domain/clearing/disputes';
import { AuraError } from '../../domain/errors';
import { verifySignature } from '../../domain/keys';
import { formatMoney } from '../../domain/money';
import type { AgentWithKey } from '../../store/agents';
import { databaseNow } from '../../store/clock';
import { inTransaction, type Trx } from '../../store/db';
import { appointPanel, castVote, judgesAmong, panelOf, votesOf } from '../../store/dispute-panel';
import { decideDispute, lockDispute, type Dispute } from '../../store/disputes';
import { recordAudit } from '../../store/states';
import { lockDeal, type Deal } from '../../store/transactions';
import { route, type Answer, type Call, type Route } from '../route';
import {
  disputeParams,
  disputeResponse,
  panelRequest,
  resolutionRequest,
  voteRequest,
} from '../schemas/disputes';
import { badParameter, conflict, disputeAnswer, myDispute, partialAmount, wake } from './dispute-parts';

type Params = z.infer<typeof disputeParams>;
type Resolution = z.infer<typeof resolutionRequest>;
type Panel = z.infer<typeof panelRequest>;
type VoteInput = z.infer<typeof voteRequest>;

const shared = {
  method: 'post',
  tag: 'Disputes',
  params: disputeParams,
} as const;
const ERRORS = [
  'INVALID_REQUEST',
  'INVALID_PARAMETER',
  'INSUFFICIENT_PERMISSIONS',
  'DISPUTE_NOT_FOUND',
  'SESSION_STATE_CONFLICT',
  'SERVICE_UNAVAILABLE',
] as const;

export function decisionRoutes(): Route[] {
  return [resolve, appoint, vote];
}

/** Runs a change with the deal and its dispute locked, wakes the workflow, and answers how the dispute stands then. */
async function changing<Body>(
  { params, agent, deps }: Call<Params, unknown, Body>,
  work: (trx: Trx, deal: Deal, dispute: Dispute) => Promise<void>,
): Promise<Answer> {
  const { deal: seen } = await myDispute(deps, params.dispute_id, agent);
  await inTransaction(deps.db, async (trx) => {
    const deal = await lockDeal(trx, seen.id);
    await work(trx, deal, await lockDispute(trx, params.dispute_id));
  });
  await wake(deps, params.dispute_id);
  return disputeAnswer(deps, params.dispute_id, 200);
}

const resolve = route<Params, unknown, Resolution>({
  ...shared,
  path: '/v1/disputes/:dispute_id/resolution',
  summary: 'Decide a dispute as arbiter',
  access: ['operator'],
  body: resolutionRequest,
  response: { status: 200, schema: disputeResponse, description: 'The dispute with its decision' },
  errors: ERRORS,
  handler: (call) =>
    changing(call, async (trx, deal, dispute) => {
      const { remedy, reason } = call.body;
      const amountMinor = partialAmount(deal, call.body);
      if (isSameDecision(dispute, call.agent.id, { remedy, amountMinor, reason })) return;
      await checkArbiter(trx, deal, dispute, call.agent);
      await decideDispute(trx, deal, dispute, {
        remedy,
        ...(amountMinor !== undefined && { amountMinor }),
        decidedBy: call.agent.id,
        reason,
      });
    }),
});

function isSameDecision(
  dispute: Dispute,
  by: string,
  decision: { remedy: string; amountMinor?: bigint; reason: string },
): boolean {
  return (
    dispute.decidedBy === by &&
    dispute.remedy === decision.remedy &&
    (dispute.remedyAmountMinor ?? undefined) === decision.amountMinor &&
    dispute.decisionReason === decision.reason
  );
}

/** An arbiter decides once the other side was heard or let its time pass, and where no panel can. */
async function checkArbiter(trx: Trx, deal: Deal, dispute: Dispute, agent: AgentWithKey): Promise<void> {
  if (isParty(deal, agent.principalId)) {
    throw new AuraError('INSUFFICIENT_PERMISSIONS', "The arbiter is of a party's principal.");
  }
  if (dispute.decidedAt) throw conflict('The dispute has been decided.', dispute);
  const now = await databaseNow(trx);
  if (dispute.status === 'open' && now < dispute.answerDueAt) {
    throw conflict('The other side has not answered yet, and still may.', dispute);
  }
  if (dispute.quorum === null || now >= dispute.decisionDueAt) return;
  const panel = await panelOf(trx, dispute.id);
  if (panel.some(({ votedAt }) => votedAt === null))
    throw conflict('Its panel decides this dispute.', dispute);
}

function isParty({ buyerPrincipalId, sellerPrincipalId }: Deal, principalId: string): boolean {
  return principalId === buyerPrincipalId || principalId === sellerPrincipalId;
}

const appoint = route<Params, unknown, Panel>({
  ...shared,
  path: '/v1/disputes/:dispute_id/panel',
  summary: 'Have a panel decide a dispute',
  access: ['operator'],
  body: panelRequest,
  response: { status: 200, schema: disputeResponse, description: 'The dispute with its panel' },
  errors: ERRORS,
  handler: (call) =>
    changing(call, async (trx, deal, dispute) => {
      const { members, quorum } = call.body;
      const problem = panelProblem(members, quorum);
      if (problem) throw badParameter('quorum', problem);
      const panel = await panelOf(trx, dispute.id);
      const same =
        panel.length === members.length && panel.every(({ memberId }) => members.includes(memberId));
      if (same && dispute.quorum === quorum) return;
      if (dispute.decidedAt) throw conflict('The dispute has been decided.', dispute);
      if (panel.some(({ votedAt }) => votedAt !== null))
        throw conflict('Its panel is voting already.', dispute);
      await checkMembers(trx, deal, members);
      await appointPanel(trx, dispute.id, { members, quorum });
      await recordAudit(trx, {
        actor: call.agent.id,
        action: 'dispute.panel',
        subject: deal.id,
        detail: { dispute_id: dispute.id, members, quorum },
      });
    }),
});

/** Nobody judges its own affair. */
async function checkMembers(trx: Trx, deal: Deal, members: readonly string[]): Promise<void> {
  const judges = await judgesAmong(trx, members);
  for (const member of members) {
    const judge = judges.find(({ id }) => id === member);
    if (!judge?.active) throw badParameter('members', `${member} is not an active agent`);
    if (isParty(deal, judge.principalId))
      throw badParameter('members', `${member} is of a party's principal`);
  }
}

const vote = route<Params, unknown, VoteInput>({
  ...shared,
  path: '/v1/disputes/:dispute_id/votes',
  summary: 'Vote as a member of the panel, with a signed vote',
  access: ['scout', 'beacon', 'operator'],
  body: voteRequest,
  response: {
    status: 200,
    schema: disputeResponse,
    description: 'The dispute, decided if the quorum was reached',
  },
  errors: [...ERRORS, 'INVALID_SIGNATURE'],
  handler: (call) =>
    changing(call, async (trx, deal, dispute) => {
      const amountMinor = checkVote(deal, dispute, call.agent, call.body);
      const { remedy, reason, signature } = call.body;
      const panel = await panelOf(trx, dispute.id);
      const mine = panel.find(({ memberId }) => memberId === call.agent.id);
      if (!mine) throw new AuraError('INSUFFICIENT_PERMISSIONS', 'Only members of the panel vote.');
      if (mine.signature === signature) return;
      if (mine.votedAt) throw conflict('This member has voted.', dispute);
      if (dispute.status !== 'answered') throw conflict(`The dispute is ${dispute.status}.`, dispute);
      const cast = { remedy, ...(amountMinor !== undefined && { amountMinor }) };
      await castVote(trx, dispute.id, call.agent.id, { ...cast, reason, signature });
      await recordAudit(trx, {
        actor: call.agent.id,
        action: 'dispute.vote',
        subject: deal.id,
        detail: { dispute_id: dispute.id },
      });
      const votes = [...votesOf(panel), cast];
      const decision = tally(votes, dispute.quorum ?? panel.length);
      if (!decision) return;
      const counted = `${votes.length} of ${panel.length} members voted, ${dispute.quorum} had to agree.`;
      await decideDispute(trx, deal, dispute, { ...decision, decidedBy: 'panel', reason: counted });
    }),
});

/** The vote's amount in minor units, once form and signature hold. */
function checkVote(deal: Deal, dispute: Dispute, agent: AgentWithKey, body: VoteInput): bigint | undefined {
  const amountMinor = partialAmount(deal, body);
  const written = amountMinor === undefined ? undefined : formatMoney({ amountMinor, asset: deal.asset });
  if (written !== body.amount) throw badParameter('amount', `is signed with all digits: "${written}"`);
  const bytes = voteSigningBytes({
    dispute_id: dispute.id,
    member_id: agent.id,
    remedy: body.remedy,
    ...(body.amount !== undefined && { amount: body.amount }),
    reason: body.reason,
  });
  if (!verifySignature(agent.publicKey, bytes, body.signature)) {
    throw new AuraError('INVALID_SIGNATURE', "The vote is not signed by the member's key.", {
      field: 'signature',
    });
  }
  return amountMinor;
}
