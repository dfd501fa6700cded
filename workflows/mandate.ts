import { ActivityFailure } from '@temporalio/workflow';
import { local, rail } from './activities';
import type { MandateInput } from './messages';

/** Sends a request for payment to the payer's bank and keeps its answer. */
export async function mandate({ rail: name, ...request }: MandateInput): Promise<{ outcome: string }> {
  try {
    const answer = await rail(name).requestMandate(request);
    await local.recordMandate({ mandateId: request.mandateId, answer });
    return { outcome: answer.outcome };
  } catch (error) {
    // Without an answer there is no mandate; it stays requested and can be asked for anew.
    if (error instanceof ActivityFailure) return { outcome: 'unknown' };
    throw error;
  }
}
