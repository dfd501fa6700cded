import { newId } from '../../domain/ids';
import { rows } from '../../store/db';
import { createNonceStore } from '../../store/nonces';
import { describeWithDatabase } from '../support/database';

describeWithDatabase('a nonce', (database) => {
  const nonces = () => createNonceStore(database().db);
  const lapse = (count: number) =>
    rows(
      database().db,
      `INSERT INTO request_nonces SELECT 'lapsed-' || n, now() - interval '1 second' FROM generate_series(1, ?::int) n`,
      [count],
    );
  const keptOf = (pattern: string) =>
    rows<{ seconds: string }>(
      database().db,
      `SELECT extract(epoch FROM expires_at - now()) AS seconds FROM request_nonces WHERE nonce LIKE ?`,
      [pattern],
    );

  it('counts once', async () => {
    const nonce = newId('event');
    expect(await nonces().use(nonce)).toBe(true);
    expect(await nonces().use(nonce)).toBe(false);
    expect(await nonces().use(newId('event'))).toBe(true);
  });

  it('of twenty at once is taken by one', async () => {
    const nonce = newId('event');
    const taken = await Promise.all(Array.from({ length: 20 }, () => nonces().use(nonce)));
    expect(taken.filter((first) => first)).toHaveLength(1);
  });

  it('is remembered for the whole time a signature may be valid', async () => {
    const nonce = newId('event');
    await nonces().use(nonce);
    const [kept] = await keptOf(nonce);
    expect(Number(kept?.seconds)).toBeGreaterThan(600);
  });

  it('clears away more than it adds, and never itself', async () => {
    await lapse(20);
    expect(await nonces().use('lapsed-1')).toBe(true);
    expect(await nonces().use('lapsed-1')).toBe(false);
    await Promise.all(Array.from({ length: 10 }, () => nonces().use(newId('event'))));
    expect(await keptOf('lapsed-%')).toHaveLength(1);
  });
});
