/** Requests that wait: not more of one agent's at a time than the books can bear. */
import { waitFor } from '../../api/long-poll';
import { newId } from '../../domain/ids';
import { startApiServer, type ApiServer } from '../support/api-server';
import { describeWithDatabase } from '../support/database';

describeWithDatabase('waiting for events', (database) => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer({ db: database().db, deployment: 'sandbox' });
  });
  afterAll(() => server?.stop());

  it('is for ten requests of an agent at a time; the next one is answered at once', async () => {
    const [mine, other] = [newId('beacon'), newId('beacon')];
    const gone = new AbortController();
    const wait = (agentId: string, signal: AbortSignal) =>
      waitFor(server.deps, () => Promise.resolve([]), {
        agentId,
        waitSeconds: 30,
        lookEveryMs: 30_000,
        fits: () => false,
        signal,
      });
    const waiting = Array.from({ length: 10 }, () => wait(mine, gone.signal));
    const isAnswered = async (answer: Promise<unknown>) =>
      Promise.race([answer.then(() => true), new Promise((resolve) => setTimeout(resolve, 200, false))]);
    expect(await isAnswered(wait(mine, gone.signal))).toBe(true);
    expect(await isAnswered(wait(other, gone.signal))).toBe(false);
    gone.abort();
    await Promise.all(waiting);
    // They have left.
    const again = new AbortController();
    const last = wait(mine, again.signal);
    expect(await isAnswered(last)).toBe(false);
    again.abort();
    expect(await last).toEqual([]);
  });
});
