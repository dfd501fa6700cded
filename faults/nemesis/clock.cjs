/**
 * Loaded into every process of the platform before its own code (`node --require`): its clock goes wrong by as many
 * milliseconds as the file of its name in FAULTS_CLOCKS says, from the moment the file says so.
 */
const { readFileSync } = require('node:fs');
const { basename, join } = require('node:path');

const entry = basename(process.argv[1] ?? '').replace(/\.[a-z]+$/, '');
const name = entry === 'rail-worker' ? `rail-${process.env.RAIL}` : entry;
const file = join(process.env.FAULTS_CLOCKS ?? '', name);
const LOOK_EVERY_MS = 200;

const Real = Date;
let offsetMs = 0;
const now = () => Real.now() + offsetMs;

globalThis.Date = new Proxy(Real, {
  construct: (target, given, self) =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, self === Date ? target : self),
  apply: () => new Real(now()).toString(),
  get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
});

setInterval(() => {
  try {
    offsetMs = Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    offsetMs = 0;
  }
}, LOOK_EVERY_MS).unref();
