import { ActivityFailure, sleep } from '@temporalio/workflow';
import { local, rail } from './activities';
import type { MandateInput } from './messages';

const ASK_EVERY_MS = 2_000;
/** A payer who has not confirmed after this many questions never will; it can ask for a mandate anew. */
const MAX_QUESTIONS = 450;

/** Asks the payer's side for a mandate and keeps its answer, the payer's own confirmation included. */
export async function mandate({ rail: name, ...request }: MandateInput): Promise<{ outcome: string }> {
  try {
    for (let questions = 1; ; questions++) {
      const answer = await rail(name).requestMandate(request);
      await local.recordMandate({ mandateId: request.mandateId, answer });
      if (answer.outcome !== 'action_required' || questions === MAX_QUESTIONS) {
        return { outcome: answer.outcome };
      }
      await sleep(ASK_EVERY_MS);
    }
  } catch (error) {
    // Without an answer there is no mandate; it stays requested and can be asked for anew.
    if (error instanceof ActivityFailure) return { outcome: 'unknown' };
    throw error;
  }
}
