/** Rails that misbehave for a while, towards AURA and towards its webhooks. None of it moves money twice or wrongly. */
import { setTimeout as sleep } from 'node:timers/promises';
import { post } from '../../bin/purse';
import type { RailName } from '../../domain/settlement';
import type { Inflict, Stage } from './stage';

interface Surface {
  url: string;
  /** On which messages of the network money moves, and which others there are. */
  moves: readonly string[];
  asks: readonly string[];
  kinds: ReadonlySet<string>;
}

const SILENT = ['execute_then_time_out', 'execute_then_disconnect'];
const WRONG = ['execute_then_fail', 'garbage', 'bad_signature'];
const DOWN = ['time_out', 'fail', 'slow'];
const WEBHOOKS = ['webhook_twice', 'webhook_late', 'webhook_out_of_order', 'webhook_lost'];

export const executeThenSilent: Inflict = (stage, fault) =>
  misbehaving(stage, fault.target as RailName, fault.forMs, SILENT, 'moves');

export const wrongAnswer: Inflict = (stage, fault) =>
  misbehaving(stage, fault.target as RailName, fault.forMs, WRONG, 'moves');

export const railDown: Inflict = (stage, fault) =>
  misbehaving(stage, fault.target as RailName, fault.forMs, DOWN, 'both');

export const cardWebhooks: Inflict = async (stage, { forMs }) => {
  const url = `${familyUrl(stage, 'card')}/card`;
  const rules = WEBHOOKS.map((kind) => ({ kind, on: 'webhook', rateBps: 4_000 }));
  await under(url, rules, forMs);
};

async function misbehaving(
  stage: Stage,
  rail: RailName,
  forMs: number,
  kinds: readonly string[],
  on: 'moves' | 'both',
): Promise<void> {
  const surface = surfaceOf(stage, rail);
  const occasions = on === 'moves' ? surface.moves : [...surface.moves, ...surface.asks];
  const known = kinds.filter((kind) => surface.kinds.has(kind));
  const rules = occasions.flatMap((occasion) =>
    known.map((kind) => ({ kind, on: occasion, rateBps: Math.round(9_000 / known.length) })),
  );
  await under(surface.url, rules, forMs);
}

/** Rules go when the network is killed; taking them away then does no harm. */
async function under(url: string, rules: readonly unknown[], forMs: number): Promise<void> {
  for (const rule of rules) await whenUp(() => post(`${url}/operator/misbehaviours`, rule));
  await sleep(forMs);
  await whenUp(() => fetch(`${url}/operator/misbehaviours`, { method: 'DELETE' }));
}

const UP_TRIES = 60;
const UP_EVERY_MS = 500;

/** The network may be down or standing still by another fault. */
async function whenUp(act: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await act();
      return;
    } catch (error) {
      if (tries === UP_TRIES) throw error;
      await sleep(UP_EVERY_MS);
    }
  }
}

const ALL = new Set([...SILENT, ...WRONG, ...DOWN]);
const UNSIGNED = new Set([...ALL].filter((kind) => kind !== 'bad_signature'));

function surfaceOf(stage: Stage, rail: RailName): Surface {
  switch (rail) {
    case 'rtp':
    case 'fednow':
      return {
        url: `${familyUrl(stage, 'instant')}/${rail}`,
        moves: ['transfer', 'return_request'],
        asks: ['inquiry', 'statement'],
        kinds: ALL,
      };
    case 'card':
      return {
        url: `${familyUrl(stage, 'card')}/card`,
        moves: ['capture', 'refund'],
        asks: ['inquiry', 'statement', 'events'],
        kinds: ALL,
      };
    case 'ach':
      return { url: `${familyUrl(stage, 'ach')}/ach`, moves: ['transfer'], asks: ['inquiry'], kinds: ALL };
    case 'stablecoin':
      return {
        url: familyUrl(stage, 'chain'),
        moves: ['transfer'],
        asks: ['inquiry', 'statement'],
        kinds: UNSIGNED,
      };
    case 'x402':
      return {
        url: familyUrl(stage, 'facilitator'),
        moves: ['settle'],
        asks: ['verify', 'inquiry'],
        kinds: UNSIGNED,
      };
  }
}

function familyUrl(
  { platform }: Stage,
  family: 'instant' | 'card' | 'ach' | 'chain' | 'facilitator',
): string {
  return platform.sandboxes.processes.get(family)?.url ?? '';
}
