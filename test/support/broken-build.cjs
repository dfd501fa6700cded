/**
 * Loaded into every process of the platform before its own code (`node --require`): a build that is broken on purpose, so
 * that a run with faults can be seen to find it. BROKEN_BUILD is a list, separated by commas:
 * - `send-twice`: the rtp worker sends each payment once more under another id, which AURA never signed;
 * - `acknowledge-early`: every second report of a delivery is acknowledged by the API and never stored.
 */
const Module = require('node:module');

const broken = new Set((process.env.BROKEN_BUILD ?? '').split(','));
const EVERY = 2;

function sendsTwice(createRailAdapter) {
  return (rail, deps) => {
    const adapter = createRailAdapter(rail, deps);
    if (rail !== 'rtp') return adapter;
    return {
      ...adapter,
      async submit(signed, ...rest) {
        const again = signed.instruction.instruction_id.replace(/.$/, (last) => (last === 'Z' ? 'Y' : 'Z'));
        await adapter.submit(
          { ...signed, instruction: { ...signed.instruction, instruction_id: again } },
          ...rest,
        );
        return adapter.submit(signed, ...rest);
      },
    };
  };
}

let reports = 0;

function storesSome(insertFulfilment) {
  return async (...given) => {
    reports += 1;
    if (reports % EVERY !== 0) await insertFulfilment(...given);
  };
}

const BREAKS = {
  createRailAdapter: ['send-twice', sendsTwice],
  verifyInstruction: ['send-twice', () => () => true],
  insertFulfilment: ['acknowledge-early', storesSome],
};

const load = Module._load;
Module._load = function patched(request, parent, isMain) {
  const loaded = load.call(this, request, parent, isMain);
  if (!request.startsWith('.') || !/(^|\/)(rails|fulfilments|settlement)$/.test(request)) return loaded;
  return new Proxy(loaded, {
    get(module, name) {
      const value = module[name];
      const [flag, wrap] = BREAKS[name] ?? [];
      return flag !== undefined && broken.has(flag) ? wrap(value) : value;
    },
  });
};
