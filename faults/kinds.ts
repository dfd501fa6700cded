/** What can happen to the clearinghouse: how often, to what, and for how long. What each does is in `nemesis`. */
import { RAILS } from '../domain/settlement';

export const FAMILIES = ['instant', 'card', 'ach', 'chain', 'facilitator'] as const;
/** Connections that go through a proxy, by what is at their far end. */
export const LINKS = ['postgres', 'redis', 'temporal', 'api', ...FAMILIES] as const;
export type Link = (typeof LINKS)[number];

const RAIL_WORKERS = RAILS.map((rail) => `rail-${rail}`);
const PROCESSES = ['api', 'worker', ...RAIL_WORKERS];

interface KindTerms {
  /** How it is told of. */
  readonly does: string;
  readonly weight: number;
  readonly targets: readonly string[];
  /** Least and most, milliseconds. */
  readonly forMs: readonly [number, number];
}

export const FAULT_KINDS = {
  'kill-api': terms('kill -9 of the API', 5, ['api'], [200, 2_000]),
  'kill-worker': terms('kill -9 of the clearing worker', 5, ['worker'], [200, 2_000]),
  'kill-rail-worker': terms('kill -9 of a rail worker', 8, RAIL_WORKERS, [200, 4_000]),
  'kill-network': terms('kill -9 of a sandbox network', 7, FAMILIES, [0, 0]),
  'kill-temporal': terms('kill -9 of Temporal', 3, ['temporal'], [200, 3_000]),
  'kill-postgres': terms('kill -9 of Postgres', 4, ['postgres'], [200, 3_000]),
  'kill-redis': terms('kill -9 of Redis', 5, ['redis'], [200, 4_000]),
  'kill-everything': terms('kill -9 of all of it at once', 1, ['everything'], [500, 2_000]),
  'drop-redis-data': terms('FLUSHALL in Redis', 8, ['redis'], [0, 0]),
  freeze: terms('SIGSTOP of a process that then goes on', 8, PROCESSES, [2_000, 7_000]),
  'freeze-network': terms('SIGSTOP of a network that then goes on', 6, FAMILIES, [2_000, 7_000]),
  'jump-clock': terms('the clock of one process jumps', 8, PROCESSES, [4_000, 12_000]),
  cut: terms('all connections reset, and none taken', 14, LINKS, [200, 4_000]),
  reset: terms('connections reset after some bytes', 10, LINKS, [1_000, 5_000]),
  delay: terms('0.2 to 1.5 s of delay with jitter', 12, LINKS, [2_000, 8_000]),
  hang: terms('connections stay and carry nothing', 10, LINKS, [1_000, 6_000]),
  'execute-then-silent': terms('a rail executes and never answers', 16, RAILS, [3_000, 8_000]),
  'wrong-answer': terms('a rail executes and answers garbage or an error', 12, RAILS, [3_000, 8_000]),
  'rail-down': terms('a rail does nothing and answers errors or nothing', 8, RAILS, [3_000, 8_000]),
  'card-webhooks': terms(
    'webhooks of the processor come twice, late, out of order or not',
    8,
    ['card'],
    [4_000, 10_000],
  ),
  'webhook-receiver': terms(
    'receivers of webhooks fail, hang, or take and cut',
    10,
    ['receiver'],
    [3_000, 8_000],
  ),
  'fill-queue': terms('a rail worker stands still while its queue fills', 6, RAIL_WORKERS, [3_000, 6_000]),
  'flood-api': terms('hundreds of requests at once', 5, ['api'], [1_000, 2_000]),
} as const satisfies Record<string, KindTerms>;
export type FaultKind = keyof typeof FAULT_KINDS;

function terms(
  does: string,
  weight: number,
  targets: readonly string[],
  forMs: readonly [number, number],
): KindTerms {
  return { does, weight, targets, forMs };
}
