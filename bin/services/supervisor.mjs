/**
 * Runs one server for as long as somebody uses it: `node supervisor.mjs <spec as JSON>`. It stands in a process group
 * of its own, so a Ctrl-C meant for a command doesn't reach the server, and it stops the server when the last command
 * that uses it has gone, however that command ended.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isAlive, processToken } from '../lock.mjs';

const CHECK_EVERY_MS = 1_000;

/** {command, args, env, cwd, uid, gid, stopSignal, graceMs, registryFile, owner} */
const spec = JSON.parse(process.argv[2]);
const me = processToken();
let stopping = false;

const child = spawn(spec.command, spec.args, {
  cwd: spec.cwd,
  env: spec.env ?? process.env,
  // Node drops all other groups together with the user id.
  uid: spec.uid,
  gid: spec.gid,
  stdio: ['ignore', 'inherit', 'inherit'],
});
child.on('error', (error) => {
  console.error(`${spec.command} could not be started: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  if (!stopping) console.error(`${spec.command} ended by itself (${signal ?? `status ${code}`})`);
  process.exit(stopping ? 0 : 1);
});

function stop() {
  if (stopping) return;
  stopping = true;
  child.kill(spec.stopSignal);
  setTimeout(() => child.kill('SIGKILL'), spec.graceMs);
}

/** The one that starts the server is its user before the registry says so. */
function users() {
  try {
    const { services } = JSON.parse(readFileSync(spec.registryFile, 'utf8'));
    const record = services.find(({ supervisor }) => supervisor === me);
    if (record !== undefined) return record.users;
  } catch {
    // Not written yet, or the data folder was removed.
  }
  return [spec.owner];
}

setInterval(() => {
  if (!users().some(isAlive)) stop();
}, CHECK_EVERY_MS);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, stop);
