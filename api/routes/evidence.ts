/** Evidence bundles. The worker signs what it reads from the books; the API, which has no key, reads the same. */
import type { z } from 'zod';
import { canonicalHash, canonicalJson } from '../../domain/canonical';
import { AuraError } from '../../domain/errors';
import { bundleOf } from '../../domain/evidence';
import { newId } from '../../domain/ids';
import { collectEvidence } from '../../store/evidence';
import { CLEARING_TASK_QUEUE, type EvidenceInput, type EvidenceSeal } from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import { route, type Answer, type Route } from '../route';
import { transactionParams } from '../schemas/clearing';
import { bundleResponse, disputeParams } from '../schemas/disputes';
import { myDispute } from './dispute-parts';
import { myDeal } from './transactions';

const SEAL_WAIT_MS = 20_000;
/** The deal may change between the two readings. */
const ATTEMPTS = 5;

const shared = {
  method: 'get',
  tag: 'Disputes',
  access: ['scout', 'beacon', 'operator'],
  response: {
    status: 200,
    schema: bundleResponse,
    description: "Canonical JSON, signed by AURA; docs/evidence.md says what is in it and how it's checked",
  },
} as const;

export function evidenceRoutes(): Route[] {
  return [ofDispute, ofTransaction];
}

const ofDispute = route<z.infer<typeof disputeParams>>({
  ...shared,
  path: '/v1/disputes/:dispute_id/evidence',
  summary: 'The signed evidence of a disputed deal, to its parties, the panel and operators',
  params: disputeParams,
  errors: ['DISPUTE_NOT_FOUND', 'SERVICE_UNAVAILABLE'],
  async handler({ params, agent, deps }) {
    const { deal } = await myDispute(deps, params.dispute_id, agent);
    return bundle(deps, deal.id);
  },
});

const ofTransaction = route<z.infer<typeof transactionParams>>({
  ...shared,
  path: '/v1/transactions/:transaction_id/evidence',
  summary: 'The signed evidence of a deal, to its parties and operators',
  params: transactionParams,
  errors: ['TRANSACTION_NOT_FOUND', 'SERVICE_UNAVAILABLE'],
  async handler({ params, agent, deps }) {
    const deal = await myDeal(deps, params.transaction_id, agent);
    return bundle(deps, deal.id);
  },
});

async function bundle(deps: ApiDeps, transactionId: string): Promise<Answer> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const seal = await sealOf(deps, transactionId);
    const signed = bundleOf(await collectEvidence(deps.db, transactionId), {
      madeAt: seal.madeAt,
      signedBy: { key_id: seal.keyId, public_key: seal.publicKey },
    });
    if (canonicalHash(signed) === seal.sha256) {
      const body = canonicalJson({ bundle: signed, signature: seal.signature });
      return { status: 200, body, contentType: 'application/json; charset=utf-8' };
    }
  }
  throw new AuraError('SERVICE_UNAVAILABLE', 'The deal is changing; try again in a moment.');
}

async function sealOf({ temporal }: ApiDeps, transactionId: string): Promise<EvidenceSeal> {
  try {
    return await temporal.withDeadline(Date.now() + SEAL_WAIT_MS, () =>
      temporal.workflow.execute<(input: EvidenceInput) => Promise<EvidenceSeal>>('evidence', {
        workflowId: `evidence-${newId('event')}`,
        taskQueue: CLEARING_TASK_QUEUE,
        args: [{ transactionId }],
        workflowExecutionTimeout: SEAL_WAIT_MS,
      }),
    );
  } catch (error) {
    const failure = new AuraError(
      'SERVICE_UNAVAILABLE',
      'The evidence could not be signed in time; try again.',
    );
    failure.cause = error;
    throw failure;
  }
}
