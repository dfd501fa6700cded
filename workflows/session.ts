import { allHandlersFinished, condition, setHandler } from '@temporalio/workflow';
import type { OpenedSession } from '../activities/session';
import { local } from './activities';
import {
  offersComplete,
  sessionCancel,
  sessionCommitted,
  sessionOpened,
  type SessionInput,
} from './messages';

type CancelAnswer = { state: string; cancelled: boolean };

/** From an intent to ranked offers, and on until it is committed, cancelled or expired. */
export async function session({ sessionId }: SessionInput): Promise<{ state: string }> {
  let opened: OpenedSession | undefined;
  let complete = false;
  let committed = false;
  let asksToCancel: string | undefined;
  let cancelAnswer: CancelAnswer | undefined;

  setHandler(sessionOpened, async () => {
    await condition(() => opened !== undefined);
    return {
      state: opened?.state ?? 'created',
      ...(opened?.state === 'failed' && { refusal: opened.refusal }),
    };
  });
  setHandler(sessionCancel, async ({ by }) => {
    asksToCancel = by;
    await condition(() => cancelAnswer !== undefined);
    return cancelAnswer as CancelAnswer;
  });
  setHandler(offersComplete, () => void (complete = true));
  setHandler(sessionCommitted, () => void (committed = true));

  const state = await run();
  // A late cancel is answered with how the session ended.
  cancelAnswer ??= { state, cancelled: state === 'cancelled' };
  await condition(allHandlersFinished);
  return { state };

  async function run(): Promise<string> {
    opened = await local.openSession({ sessionId });
    if (opened.state !== 'collecting_offers') return opened.state;

    await condition(() => complete || asksToCancel !== undefined, opened.offersDueInMs);
    if (await cancelled()) return 'cancelled';

    const ranked = await local.rankSession({ sessionId });
    if (ranked.state !== 'offers_available') return ranked.state;

    await condition(() => committed || asksToCancel !== undefined, ranked.expiresInMs);
    if (committed) return 'committed';
    if (await cancelled()) return 'cancelled';
    return (await local.expireSession({ sessionId })).state;
  }

  async function cancelled(): Promise<boolean> {
    if (asksToCancel === undefined) return false;
    cancelAnswer = await local.cancelSession({ sessionId, by: asksToCancel });
    return cancelAnswer.cancelled;
  }
}
