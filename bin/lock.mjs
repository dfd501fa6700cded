/** Which process is which, and a lock file between commands. Plain Node: bin/run.mjs needs it before anything is installed. */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const POLL_MS = 200;
/** Stealing a dead holder's lock takes microseconds; a marker this old was left by a thief that died. */
const STEAL_MARKER_STALE_MS = 10_000;

/** Names a process by its pid and, where the system tells it, its start time: a pid alone gets used again. */
export function processToken(pid = process.pid) {
  return `${pid}:${readStat(pid)?.startedAt ?? ''}`;
}

export function pidOf(token) {
  return Number.parseInt(token, 10);
}

/** Whether the very process that the token names still runs; anything after the start time is ignored. */
export function isAlive(token) {
  const [pid, startedAt] = token.split(':');
  if (!/^[1-9]\d*$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  const stat = readStat(pid);
  if (stat === undefined) return true;
  // A zombie has ended; in a container nobody may ever reap it.
  return stat.state !== 'Z' && (!startedAt || stat.startedAt === startedAt);
}

/** Only Linux has /proc. The fields come after the command's name, which may itself hold spaces and brackets. */
function readStat(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0], startedAt: fields[19] };
  } catch {
    return undefined;
  }
}

/**
 * Waits for the lock and resolves to the function that gives it back. A lock whose holder has died is taken over.
 * `onWait(holderPid, waitedMs)` is called about once a second; what it throws ends the waiting.
 */
export async function acquireLock(file, onWait = () => {}) {
  mkdirSync(dirname(file), { recursive: true });
  const mine = processToken();
  const start = Date.now();
  for (let round = 0; !createExclusively(file, mine); round += 1) {
    const holder = read(file);
    if (holder !== undefined && !isAlive(holder)) stealFrom(file, holder);
    else if (holder !== undefined && round % 5 === 0) onWait(pidOf(holder), Date.now() - start);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return () => {
    if (read(file) === mine) rmSync(file, { force: true });
  };
}

function createExclusively(file, content) {
  try {
    const descriptor = openSync(file, 'wx', 0o600);
    writeSync(descriptor, content);
    closeSync(descriptor);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Two waiters may both see the dead holder, and the slower one must not remove the lock that the faster one has
 * made since. So only the one that holds the marker of this holder may remove its lock, and looks again first.
 */
function stealFrom(file, holder) {
  const marker = `${file}.${holder.replaceAll(/[^\d]/g, '-')}`;
  if (!createExclusively(marker, processToken())) {
    const age = ageMs(marker);
    if (age !== undefined && age > STEAL_MARKER_STALE_MS) rmSync(marker, { force: true });
    return;
  }
  if (read(file) === holder) rmSync(file, { force: true });
  rmSync(marker, { force: true });
}

function ageMs(file) {
  try {
    return Date.now() - statSync(file).mtimeMs;
  } catch {
    return undefined;
  }
}

/** A lock that exists but is still empty is being written: it reads as held by nobody known. */
function read(file) {
  try {
    const content = readFileSync(file, 'utf8');
    if (content !== '') return content;
    return (ageMs(file) ?? 0) > STEAL_MARKER_STALE_MS ? '' : undefined;
  } catch {
    return undefined;
  }
}
