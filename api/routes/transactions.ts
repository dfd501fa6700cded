import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { formatMoney } from '../../domain/money';
import { VERSION_1, type ApiVersion } from '../../domain/versions';
import type { AgentWithKey } from '../../store/agents';
import { inTransaction } from '../../store/db';
import { recordAudit } from '../../store/states';
import { insertFulfilment } from '../../store/fulfilments';
import { dealsOfBeacon, findDeal, type Deal } from '../../store/transactions';
import { transactionDelivered } from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import { requireSelf } from '../own-agent';
import { route, type Route } from '../route';
import { beaconParams } from '../schemas/common';
import {
  dealsResponse,
  fulfilmentRequest,
  listQuery,
  transactionParams,
  transactionResponse,
} from '../schemas/clearing';
import { dealsResponse1, transactionResponse1 } from '../schemas/clearing-1';
import { transactionView } from '../views/clearing';
import { dealsView1, transactionView1 } from '../views/clearing-1';
import { ask } from '../workflows';
import { commitRoute } from './commit';

const DELIVERY_WAIT_MS = 10_000;

export function transactionRoutes(): Route[] {
  return [commitRoute, get, fulfil, listOfBeacon];
}

const viewOf = (version: ApiVersion) => (version === VERSION_1 ? transactionView1 : transactionView);

/** A deal is visible to its two agents and to operators; to anybody else it does not exist. */
export async function myDeal({ db }: ApiDeps, id: string, agent: AgentWithKey): Promise<Deal> {
  const deal = await findDeal(db, id);
  const mine = deal && [deal.scoutId, deal.beaconId].includes(agent.id);
  if (!deal || (!mine && agent.role !== 'operator')) throw new AuraError('TRANSACTION_NOT_FOUND');
  return deal;
}

const get = route<z.infer<typeof transactionParams>>({
  method: 'get',
  path: '/v1/transactions/:transaction_id',
  summary: 'A transaction with its states, gate, proof and money',
  tag: 'Clearing',
  access: ['scout', 'beacon', 'operator'],
  scope: 'transaction:read',
  params: transactionParams,
  response: {
    status: 200,
    schema: transactionResponse,
    version1: transactionResponse1,
    description: 'The transaction',
  },
  errors: ['TRANSACTION_NOT_FOUND'],
  async handler({ params, agent, deps, version }) {
    const deal = await myDeal(deps, params.transaction_id, agent);
    return { status: 200, body: await viewOf(version)(deps.db, deal, agent) };
  },
});

const fulfil = route<z.infer<typeof transactionParams>, unknown, z.infer<typeof fulfilmentRequest>>({
  method: 'post',
  path: '/v1/transactions/:transaction_id/fulfillment',
  summary: 'Report shipment or delivery',
  tag: 'Clearing',
  access: ['scout', 'beacon'],
  params: transactionParams,
  body: fulfilmentRequest,
  response: {
    status: 200,
    schema: transactionResponse,
    version1: transactionResponse1,
    description: 'The transaction after the report',
  },
  errors: [
    'INVALID_REQUEST',
    'INVALID_PARAMETER',
    'INSUFFICIENT_PERMISSIONS',
    'TRANSACTION_NOT_FOUND',
    'SESSION_STATE_CONFLICT',
    'SERVICE_UNAVAILABLE',
  ],
  async handler({ params, body, agent, deps, version }) {
    const deal = await myDeal(deps, params.transaction_id, agent);
    if (body.status === 'shipped' && agent.role !== 'beacon') {
      throw new AuraError('INSUFFICIENT_PERMISSIONS', 'Only the seller ships.');
    }
    checkState(deal, body.status);
    await inTransaction(deps.db, async (trx) => {
      await insertFulfilment(trx, {
        transactionId: deal.id,
        status: body.status,
        reportedBy: agent.id,
        evidence: {
          ...body.evidence,
          tracking_number: body.tracking_number,
          carrier: body.carrier,
          estimated_delivery: body.estimated_delivery,
        },
      });
      await recordAudit(trx, {
        actor: agent.id,
        action: `fulfilment.${body.status}`,
        subject: deal.id,
        detail: { carrier: body.carrier ?? null },
      });
    });
    if (body.status === 'delivered') {
      await ask(deps.temporal, deal.id, transactionDelivered, undefined, DELIVERY_WAIT_MS);
    }
    const after = await myDeal(deps, deal.id, agent);
    return { status: 200, body: await viewOf(version)(deps.db, after, agent) };
  },
});

const listOfBeacon = route<z.infer<typeof beaconParams>, z.infer<typeof listQuery>>({
  method: 'get',
  path: '/v1/beacons/:beacon_id/transactions',
  summary: "The seller's own deals, newest first",
  tag: 'Clearing',
  access: ['beacon'],
  scope: 'transaction:read',
  params: beaconParams,
  query: listQuery,
  response: { status: 200, schema: dealsResponse, version1: dealsResponse1, description: 'The deals' },
  errors: ['AGENT_NOT_FOUND', 'INVALID_PARAMETER'],
  async handler({ params, query, agent, deps, version }) {
    await requireSelf(deps.db, params.beacon_id, agent);
    const deals = await dealsOfBeacon(deps.db, agent.id, query.limit);
    if (version === VERSION_1) return { status: 200, body: await dealsView1(deps.db, deals) };
    return {
      status: 200,
      body: {
        transactions: deals.map((deal) => ({
          transaction_id: deal.id,
          session_id: deal.sessionId,
          offer_id: deal.offerId,
          status: deal.marketState,
          clearing_status: deal.clearingState,
          total: formatMoney({ amountMinor: deal.totalMinor, asset: deal.asset }),
          currency: deal.asset,
          created_at: deal.createdAt.toISOString(),
          status_url: `/v1/transactions/${deal.id}`,
        })),
      },
    };
  },
});

/** Goods may be on their way before the money is certain, but delivery counts only when it is. */
function checkState({ marketState, clearingState }: Deal, report: 'shipped' | 'delivered'): void {
  const paid = clearingState === 'settled' || clearingState === 'cleared';
  const open = marketState === 'committed' || marketState === 'fulfilled' || marketState === 'completed';
  if (open && (paid || (report === 'shipped' && clearingState === 'settling'))) return;
  const message = `The deal is ${marketState} and its payment ${clearingState ?? 'not begun'}.`;
  throw new AuraError('SESSION_STATE_CONFLICT', message, {
    status: marketState,
    clearing_status: clearingState,
  });
}
