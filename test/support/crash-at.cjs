/**
 * Loaded into a process of the platform before its own code (`node --require`): kills it, once, at a named point.
 * CRASH_AT is `<function>:before` or `<function>:after` of an activity, of `startAndAsk` (the API between a commit and
 * its answer), of `setOutcome` (the API between any work and its answer), or of `claimTransmission`. With CRASH_WHEN only after a result that holds this text as JSON. CRASH_MARK is a file that says it has happened.
 */
const fs = require('node:fs');
const Module = require('node:module');

const [target, moment] = (process.env.CRASH_AT ?? '').split(':');
const mark = process.env.CRASH_MARK;
const when = process.env.CRASH_WHEN ?? '';

function crash() {
  if (fs.existsSync(mark)) return;
  fs.writeFileSync(mark, `${target}:${moment}`);
  process.kill(process.pid, 'SIGKILL');
}

const wrap = (work) =>
  async function crashing(...given) {
    if (moment === 'before') crash();
    const result = await work.apply(this, given);
    if (moment === 'after' && JSON.stringify(result ?? null).includes(when)) crash();
    return result;
  };

const wrapAll = (made) =>
  Object.fromEntries(Object.entries(made).map(([name, work]) => [name, name === target ? wrap(work) : work]));

const factories = new Set(['createActivities', 'createRailActivities']);
const functions = new Set(['startAndAsk', 'claimTransmission', 'setOutcome']);

const load = Module._load;
Module._load = function patched(request, parent, isMain) {
  const loaded = load.call(this, request, parent, isMain);
  if (
    !target ||
    !/(^|\/)(activities|workflows|instructions|idempotency)$/.test(request) ||
    !request.startsWith('.')
  )
    return loaded;
  return new Proxy(loaded, {
    get(module, name) {
      const value = module[name];
      if (factories.has(name)) return (...given) => wrapAll(value(...given));
      if (functions.has(name) && name === target) return wrap(value);
      return value;
    },
  });
};
