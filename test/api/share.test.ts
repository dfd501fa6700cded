/** Equal calls at once: one goes out, and one more for all who came while it was out. */
import { createShare } from '../../api/share';

function aCall() {
  const started: ((error?: Error) => void)[] = [];
  const call = () =>
    new Promise<number>((resolve, reject) => {
      const number = started.length + 1;
      started.push((error) => (error ? reject(error) : resolve(number)));
    });
  return { started, call };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('whoever comes while a call is out shares the next one, not this one', async () => {
  const share = createShare();
  const { started, call } = aCall();
  const first = share('a', call);
  const later = [share('a', call), share('a', call), share('a', call)];
  const other = share('b', call);
  expect(started).toHaveLength(2);
  started[0]?.();
  started[1]?.();
  expect([await first, await other]).toEqual([1, 2]);
  await settled();
  expect(started).toHaveLength(3);
  started[2]?.();
  expect(await Promise.all(later)).toEqual([3, 3, 3]);
});

test('a call that failed keeps nobody from the next one', async () => {
  const share = createShare();
  const { started, call } = aCall();
  const first = share('a', call);
  const second = share('a', call);
  started[0]?.(new Error('lost'));
  await expect(first).rejects.toThrow('lost');
  await settled();
  started[1]?.();
  expect(await second).toBe(2);
  const third = share('a', call);
  started[2]?.();
  expect(await third).toBe(3);
});
