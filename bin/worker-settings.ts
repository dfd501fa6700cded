/** How the workers are tuned, in one place: what a bench measures them against runs with the same. See docs/performance.md. */
import type { WorkerOptions } from '@temporalio/worker';

export const LOCAL_ACTIVITIES = 32;

export const CLEARING_WORKER = {
  /** Must exceed the number of deals that are busy at once, or replays eat the rate. What is idle may leave it and is replayed when it is wanted: each takes about 0.3 MB. */
  maxCachedWorkflows: 250,
  maxConcurrentLocalActivityExecutions: LOCAL_ACTIVITIES,
  shutdownGraceTime: '5s',
} satisfies Partial<WorkerOptions>;

export const RAIL_WORKER = {
  /** Calls to the network under way at once. */
  maxConcurrentActivityTaskExecutions: 50,
  shutdownGraceTime: '10s',
} satisfies Partial<WorkerOptions>;
