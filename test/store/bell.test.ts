/** A wait that ends with a ring, with its time or with a signal, and forgets no ring. */
import { createBell } from '../../store/bell';

const LONG_MS = 60_000;
const never = new AbortController().signal;

describe('a bell', () => {
  it('ends the wait when it rings', async () => {
    const bell = createBell();
    const waiting = bell.wait(LONG_MS, never);
    bell.ring();
    expect(await waiting).toEqual({ rung: true });
  });

  it('keeps a ring that nobody waited for, once', async () => {
    const bell = createBell();
    bell.ring();
    bell.ring();
    expect(await bell.wait(LONG_MS, never)).toEqual({ rung: true });
    expect(await bell.wait(1, never)).toEqual({ rung: false });
  });

  it('ends with the signal', async () => {
    const bell = createBell();
    const leaving = new AbortController();
    const waiting = bell.wait(LONG_MS, leaving.signal);
    leaving.abort();
    expect(await waiting).toEqual({ rung: false });
    expect(await bell.wait(LONG_MS, leaving.signal)).toEqual({ rung: false });
  });
});
