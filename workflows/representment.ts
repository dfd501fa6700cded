import { ActivityFailure } from '@temporalio/workflow';
import { rail } from './activities';
import type { RepresentmentAnswer, RepresentmentInput } from './messages';

/** Contests a chargeback at its processor. The decision comes later, as a notice of the rail. */
export async function representment({
  rail: name,
  contest,
}: RepresentmentInput): Promise<RepresentmentAnswer> {
  try {
    return await rail(name).contest({ contest });
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return { outcome: 'unknown', detail: error.cause?.message ?? error.message };
  }
}
