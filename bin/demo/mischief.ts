/** Everything that the sandbox networks can do wrong, switched on at a rate. */
import { ACH_CHANGE_CODES, ACH_RETURN_CODES } from '../../domain/ach-returns';
import { ANSWER_KINDS, REJECTIONS as ACH_REJECTIONS } from '../../rails/sandbox/ach/misbehaviour';
import { CARD_MISBEHAVIOUR_KINDS, DECLINES } from '../../rails/sandbox/card/misbehaviour';
import { CHAIN_MISBEHAVIOURS } from '../../rails/sandbox/chain/misbehaviour';
import { FACILITATOR_MISBEHAVIOURS, REFUSAL_REASONS } from '../../rails/sandbox/facilitator/misbehaviour';
import { MISBEHAVIOUR_KINDS } from '../../rails/sandbox/misbehaviour';
import type { Platform } from '../platform';
import { post } from '../purse';

/** What may happen on each occasion: to every message of the kind, one of them at most. */
type Mischief = Readonly<Record<string, readonly string[]>>;

const not = (kinds: readonly string[], ...left: string[]) => kinds.filter((kind) => !left.includes(kind));
const ANSWERS = [...ANSWER_KINDS];

const INSTANT: Mischief = {
  transfer: not(MISBEHAVIOUR_KINDS, 'refuse_mandate', 'refuse_return'),
  inquiry: ANSWERS,
  return_request: [...ANSWERS, 'refuse_return'],
  mandate: [...ANSWERS, 'refuse_mandate'],
  statement: ANSWERS,
};

const WEBHOOKS = CARD_MISBEHAVIOUR_KINDS.filter((kind) => kind.startsWith('webhook_'));
const AT_AUTHORIZATION = [
  ...Object.keys(DECLINES),
  'time_out',
  'fail',
  'pending',
  'pending_then_rejected',
  'challenge',
];
const CARD: Mischief = {
  authorization: AT_AUTHORIZATION,
  capture: not(CARD_MISBEHAVIOUR_KINDS, ...AT_AUTHORIZATION, ...WEBHOOKS, 'refuse_mandate', 'refuse_return'),
  refund: [
    ...ANSWERS,
    'wrong_amount',
    'duplicate',
    'refuse_return',
    'line_missing',
    'line_amount',
    'line_duplicate',
  ],
  void: ANSWERS,
  mandate: [...ANSWERS, 'refuse_mandate'],
  inquiry: ANSWERS,
  statement: ANSWERS,
  events: ANSWERS,
  representment: ANSWERS,
  webhook: WEBHOOKS,
};

const ACH: Mischief = {
  transfer: [
    ...ANSWERS,
    ...Object.keys(ACH_REJECTIONS),
    ...['duplicate', 'wrong_amount', 'pending', 'pending_then_rejected', 'no_notification'],
    ...['line_missing', 'line_amount', 'line_duplicate', 'reject_file'],
    ...ACH_RETURN_CODES.map((code) => `return_${code}`),
    ...ACH_CHANGE_CODES.map((code) => `change_${code}`),
  ],
  inquiry: ANSWERS,
  mandate: [...ANSWERS, 'refuse_mandate'],
};

const UNANSWERED = ['slow', 'time_out', 'execute_then_disconnect', 'garbage', 'fail'];
const CHAIN: Mischief = {
  transfer: CHAIN_MISBEHAVIOURS,
  inquiry: UNANSWERED,
  mandate: UNANSWERED,
  statement: UNANSWERED,
};
const FACILITATOR: Mischief = {
  verify: ['refuse', ...UNANSWERED],
  settle: FACILITATOR_MISBEHAVIOURS,
  inquiry: UNANSWERED,
};

const BPS_PER_PERCENT = 100;

/** Tells every network of the platform to go wrong with about so many of a hundred messages. */
export async function misbehave(
  { sandboxes, rails }: Pick<Platform, 'sandboxes' | 'rails'>,
  { percent, seed }: { percent: number; seed: number },
): Promise<number> {
  const surfaces: [string | undefined, Mischief][] = [
    ...rails
      .filter((rail) => rail === 'rtp' || rail === 'fednow')
      .map((rail): [string | undefined, Mischief] => [urlUnder('instant', rail), INSTANT]),
    [urlUnder('card', 'card'), CARD],
    [urlUnder('ach', 'ach'), ACH],
    [urlUnder('chain'), CHAIN],
    [urlUnder('facilitator'), FACILITATOR],
  ];
  let rules = 0;
  for (const [url, mischief] of surfaces) {
    if (url === undefined) continue;
    await setSeed(url, seed);
    for (const rule of rulesOf(mischief, percent, sandboxes.env.AURA_STABLECOIN_PAY_TO)) {
      await post(`${url}/operator/misbehaviours`, rule);
      rules++;
    }
  }
  return rules;

  function urlUnder(family: 'instant' | 'card' | 'ach' | 'chain' | 'facilitator', path?: string) {
    const url = sandboxes.processes.get(family)?.url;
    return url && path ? `${url}/${path}` : url;
  }
}

/**
 * The chance of each kind on an occasion is its share of the rate. Transactions get stuck in AURA's wallet only, which
 * replaces them: the facilitator's would stay in the way of everything that it sends after.
 */
function rulesOf(mischief: Mischief, percent: number, wallet: string | undefined) {
  return Object.entries(mischief).flatMap(([on, kinds]) => {
    const rateBps = Math.max(1, Math.round((percent * BPS_PER_PERCENT) / kinds.length));
    return percent === 0
      ? []
      : kinds.map((kind, index) => ({
          kind,
          on,
          rateBps,
          ...(kind === 'stuck' && { matching: { sender: wallet } }),
          ...(kind === 'refuse' && { reason: REFUSAL_REASONS[index % REFUSAL_REASONS.length] }),
        }));
  });
}

/** Where the token's compliance list got AURA's own wallets, its issuer takes them off again. */
export async function liftListings({ sandboxes }: Pick<Platform, 'sandboxes'>): Promise<void> {
  const url = sandboxes.processes.get('chain')?.url;
  const { AURA_STABLECOIN_PAY_TO, AURA_X402_PAY_TO } = sandboxes.env;
  for (const address of [AURA_STABLECOIN_PAY_TO, AURA_X402_PAY_TO]) {
    if (url && address) await post(`${url}/operator/blacklist`, { address, listed: false });
  }
}

/** The facilitator's chances are not seeded. */
async function setSeed(url: string, seed: number): Promise<void> {
  await fetch(`${url}/operator/misbehaviours/seed`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ seed }),
  });
}
