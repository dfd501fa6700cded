/**
 * Runs one of the project's commands, and first installs the dependencies where they are missing or out of date:
 * `node bin/run.mjs demo --json`. It needs nothing but Node.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { acquireLock } from './lock.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PROGRESS_EVERY_MS = 5_000;
/** Commands that use packages for development too. */
const NEEDS_DEV = new Set(['test', 'bench', 'fuzz']);
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const say = (line) => process.stderr.write(`${line}\n`);

/** Something expected: its message is the one line to print. */
class Failure extends Error {}

function checkNodeVersion() {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const wanted = engines.node.replace(/^\D*/, '');
  const [wantedMajor, wantedMinor = 0] = wanted.split('.').map(Number);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  throw new Failure(
    `AURA needs Node ${wanted} or newer, and this is ${process.versions.node}: see https://nodejs.org`,
  );
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * npm notes what it has installed in node_modules/.package-lock.json as its last step, so comparing that with
 * package-lock.json finds a missing, an outdated and an interrupted installation, and leaves one made by hand alone.
 */
function isInstalled(needsDevDependencies) {
  const wanted = readPackages(join(ROOT, 'package-lock.json'));
  const found = readPackages(join(ROOT, 'node_modules', '.package-lock.json'));
  if (wanted === undefined || found === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || entry.link) return true;
    const installed = found[path];
    if (installed === undefined)
      return Boolean(entry.optional || entry.devOptional || (entry.dev && !needsDevDependencies));
    return installed.version === entry.version && installed.integrity === entry.integrity;
  });
}

async function installDependencies(needsDevDependencies) {
  if (isInstalled(needsDevDependencies)) return;
  const release = await acquireLock(join(ROOT, '.data', 'install.lock'), (pid, waitedMs) => {
    if (waitedMs % PROGRESS_EVERY_MS < 1_000)
      say(`Another command (pid ${pid}) is installing the dependencies: waiting, ${seconds(waitedMs)}`);
  });
  try {
    // The command that held the lock may just have installed them.
    if (!isInstalled(needsDevDependencies)) await runNpmCi();
  } finally {
    release();
  }
}

async function runNpmCi() {
  const reason = existsSync(join(ROOT, 'node_modules')) ? 'They do not match package-lock.json' : 'First run';
  say(`Installing the dependencies with npm ci. ${reason}: this takes a minute or so.`);
  const start = Date.now();
  const ticker = setInterval(
    () => say(`  still installing, ${seconds(Date.now() - start)}`),
    PROGRESS_EVERY_MS,
  );
  const { code, error } = await endOf(spawnNpm(['ci', '--include=dev', '--no-audit', '--no-fund']));
  clearInterval(ticker);
  if (error?.code === 'ENOENT')
    throw new Failure('npm was not found: install it together with Node, see https://nodejs.org');
  if (code !== 0)
    throw new Failure(`npm ci failed (status ${code}); what it said is above. Mend that and run this again.`);
  say(`The dependencies are installed, ${seconds(Date.now() - start)}.`);
}

/** npm's output goes to stderr, so that a command's stdout stays its own. */
function spawnNpm(args) {
  // npm run passes its own flags on through the environment; --silent would hide why an installation fails.
  const env = { ...process.env, npm_config_loglevel: 'error' };
  const options = { cwd: ROOT, env, stdio: ['ignore', 2, 2] };
  const npmCli = process.env.npm_execpath;
  return npmCli !== undefined && /npm-cli\.c?js$/.test(npmCli)
    ? spawn(process.execPath, [npmCli, ...args], options)
    : spawn('npm', args, { ...options, shell: process.platform === 'win32' });
}

/** Resolves when the child has ended. A terminal sends Ctrl-C to both, a process manager only to this one. */
function endOf(child) {
  const handOn = (signal) => child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, handOn);
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 1, error }));
    child.on('exit', (code, signal) => resolve({ code: code ?? 128 + (constants.signals[signal] ?? 0) }));
  });
}

function seconds(ms) {
  return `${Math.round(ms / 1000)} s`;
}

async function runCommand(script, args) {
  const tsx = pathToFileURL(join(ROOT, 'node_modules', 'tsx', 'dist', 'loader.mjs')).href;
  const child = spawn(process.execPath, ['--import', tsx, script, ...args], { cwd: ROOT, stdio: 'inherit' });
  const { code, error } = await endOf(child);
  if (error) say(`Node could not be started: ${error.message}`);
  return code;
}

async function main() {
  checkNodeVersion();
  const [command = '', ...args] = process.argv.slice(2);
  if (command === '--install-only') return installDependencies(true);
  const script = join(ROOT, 'bin', `${command}.ts`);
  if (!/^[a-z][a-z-]*$/.test(command) || !existsSync(script))
    throw new Failure(`There is no command "${command}": try npm run demo, npm start or npm test.`);
  await installDependencies(NEEDS_DEV.has(command));
  process.exitCode = await runCommand(script, args);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  say(error.message);
  process.exitCode = 1;
}
