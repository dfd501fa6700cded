/**
 * Sends the queue of webhooks: what is due, to several agents at once, to each agent about one session in order. Any
 * number of processes may run it. A crash between sending and recording sends again, under the same id.
 */
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { webhookPauseMs } from '../../domain/notifications';
import type { Bell } from '../../store/bell';
import { pause } from '../../store/pause';
import {
  claimDeliveries,
  recordOutcome,
  type ClaimedDelivery,
  type DeliveryOutcome,
} from '../../store/webhooks';
import { composeMessage, type MessageDeps } from './message';
import { createRooms } from './rooms';
import type { WebhookReply, WebhookSender } from './sender';

const IN_FLIGHT_MAX = 48;
const PER_AGENT_MAX = 6;
/** To agents that did not take their last one, or not within so long. */
const TRYING_IN_FLIGHT_MAX = 16;
const SLOW_MS = 2_000;
/** Longer than the longest exchange. */
const LEASE_MS = 10_000;
const IDLE_MS = 100;
const FAULT_MS = 1_000;
/** What is under way at a stop has this long; after that, whoever comes next sends it again. */
const STOP_MS = 2_000;

export interface DispatcherDeps extends MessageDeps {
  sender: WebhookSender;
  log: Logger;
  /** The pause after the first attempt; the others follow from it. */
  retryFirstMs: number;
  /** Rings when something may be due. */
  due: Bell;
}

/** Runs until the signal aborts. */
export async function runDispatcher(deps: DispatcherDeps, signal: AbortSignal): Promise<void> {
  const underWay = new Set<Promise<void>>();
  const rooms = createRooms({ perAgent: PER_AGENT_MAX, trying: TRYING_IN_FLIGHT_MAX });

  async function send(delivery: ClaimedDelivery): Promise<void> {
    const { agentId } = delivery;
    rooms.enter(agentId);
    try {
      const startedAt = Date.now();
      const outcome = await attempt(deps, delivery);
      const isQuick = Date.now() - startedAt < SLOW_MS;
      if (outcome.status !== 'expired')
        rooms.note(agentId, outcome.status === 'delivered' && isQuick ? 'well' : 'badly');
      await recordOutcome(deps.db, delivery, outcome);
    } catch (error) {
      deps.log.warn({ err: error, delivery_id: delivery.id }, 'webhook');
    } finally {
      rooms.leave(agentId);
    }
  }

  while (!signal.aborted) {
    const limit = IN_FLIGHT_MAX - underWay.size;
    const claimed = await claim(deps, { limit, room: rooms.left() }, signal);
    for (const delivery of claimed) {
      const sending = send(delivery).finally(() => {
        underWay.delete(sending);
        deps.due.ring();
      });
      underWay.add(sending);
    }
    if (claimed.length > 0 && underWay.size < IN_FLIGHT_MAX) continue;
    await deps.due.wait(IDLE_MS, signal);
  }
  await Promise.race([Promise.all(underWay), setTimeout(STOP_MS, undefined, { ref: false })]);
}

async function claim(
  { db, log }: DispatcherDeps,
  { limit, room }: { limit: number; room: ReadonlyMap<string, number> },
  signal: AbortSignal,
): Promise<ClaimedDelivery[]> {
  if (limit <= 0) return [];
  try {
    return await claimDeliveries(db, { limit, perAgent: PER_AGENT_MAX, room, leaseMs: LEASE_MS });
  } catch (error) {
    if (!signal.aborted) log.warn({ err: error }, 'webhooks');
    await pause(FAULT_MS, signal);
    return [];
  }
}

/** What cannot be composed counts as an attempt too, so that it does not stand before its session's others for ever. */
async function attempt(deps: DispatcherDeps, delivery: ClaimedDelivery): Promise<DeliveryOutcome> {
  try {
    return await deliver(deps, delivery);
  } catch (error) {
    deps.log.warn({ err: error, delivery_id: delivery.id }, 'a webhook could not be composed');
    return notTaken(deps, delivery, 'could not be composed');
  }
}

async function deliver(deps: DispatcherDeps, delivery: ClaimedDelivery): Promise<DeliveryOutcome> {
  const { url, eventId } = delivery;
  if (url === null) return { status: 'dead', told: 'the agent has no address' };
  const body = await composeMessage(deps, delivery);
  if (body === undefined) return { status: 'expired', told: 'the window for offers is over' };
  const reply = await deps.sender.post({ url, id: eventId, body });
  const told = describe(reply);
  if (reply.kind === 'answered' && reply.status >= 200 && reply.status < 300)
    return { status: 'delivered', told };
  return notTaken(deps, delivery, told, reply.kind === 'answered' ? reply.retryAfterMs : undefined);
}

function notTaken(
  { retryFirstMs }: DispatcherDeps,
  { attempt: attempts }: ClaimedDelivery,
  told: string,
  askedMs?: number,
): DeliveryOutcome {
  const afterMs = webhookPauseMs(attempts, { firstMs: retryFirstMs, askedMs });
  return afterMs === undefined ? { status: 'dead', told } : { status: 'pending', told, afterMs };
}

/** What is kept of a reply: never its body. */
function describe(reply: WebhookReply): string {
  if (reply.kind === 'answered') return `answered ${reply.status}`;
  return reply.kind === 'timeout' ? 'no answer in time' : `${reply.kind}: ${reply.reason}`;
}
