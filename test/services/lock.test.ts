import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock, isAlive, processToken } from '../../bin/lock.mjs';
import { withTempFolder } from './support';

const DEAD = '4194304:1';

describe('the lock between commands', () => {
  test('lets one in at a time', () =>
    withTempFolder(async (folder) => {
      const file = join(folder, 'a.lock');
      let inside = 0;
      let most = 0;
      const enter = async () => {
        const release = await acquireLock(file);
        most = Math.max(most, (inside += 1));
        await new Promise((resolve) => setTimeout(resolve, 20));
        inside -= 1;
        release();
      };
      await Promise.all([enter(), enter(), enter()]);
      expect(most).toBe(1);
      expect(existsSync(file)).toBe(false);
    }));

  test('is taken over from a holder that has died', () =>
    withTempFolder(async (folder) => {
      const file = join(folder, 'a.lock');
      writeFileSync(file, DEAD);
      const release = await acquireLock(file);
      release();
      expect(existsSync(file)).toBe(false);
    }));

  test('tells the one that waits who holds it, and lets it give up', () =>
    withTempFolder(async (folder) => {
      const file = join(folder, 'a.lock');
      const release = await acquireLock(file);
      const impatient = acquireLock(file, (pid) => {
        throw new Error(`held by ${pid}`);
      });
      await expect(impatient).rejects.toThrow(`held by ${process.pid}`);
      release();
    }));

  test('knows a process by more than its pid', () => {
    expect(isAlive(processToken())).toBe(true);
    expect(isAlive(`${processToken()}:3`)).toBe(true);
    expect(isAlive(DEAD)).toBe(false);
    expect(isAlive('nonsense')).toBe(false);
    if (process.platform === 'linux') expect(isAlive(`${process.pid}:1`)).toBe(false);
  });
});
