/** A short run on a build that is broken on purpose: the checker finds what is wrong with it, and nothing else. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_DATA_DIR } from '../../bin/services';
import { runFaults } from '../../faults/run';
import { figuresOf } from '../../faults/tables';

const LEAST_DEALS = 8;
const SEED = 4;

it('catches payments that are sent twice, and deliveries that are acknowledged and not stored', async () => {
  const outcome = await runFaults({
    seed: SEED,
    // As many deals as come at once, however fast the machine is, and one fault.
    durationMs: 8_000,
    dealsPerMinute: 120,
    faultEveryMs: 5_000,
    leastDeals: LEAST_DEALS,
    rails: ['rtp'],
    dataDir: mkdtempSync(join(tmpdir(), 'aura-faults-')),
    cacheDir: join(DEFAULT_DATA_DIR, 'cache'),
    restWithinMs: 6_000,
    env: {
      NODE_OPTIONS: `--require ${join(__dirname, '..', 'support', 'broken-build.cjs')}`,
      BROKEN_BUILD: 'send-twice,acknowledge-early',
    },
    say: () => undefined,
  });
  rmSync(outcome.dataDir, { recursive: true, force: true });
  const found = new Set(outcome.report.findings.map(({ check, harm }) => `${check}: ${harm}`));
  expect([...found]).toEqual(
    expect.arrayContaining(['executed-once: doubled', 'acts-are-present: lost', 'none-is-stuck: stuck']),
  );
  const { lost, doubled, stuck, balanced, audit } = figuresOf(SEED, outcome);
  expect(Math.min(lost, doubled, stuck)).toBeGreaterThan(0);
  // The networks' money went out of AURA's books, and what AURA itself wrote down is whole.
  expect({ balanced, audit }).toEqual({ balanced: false, audit: true });
  expect(outcome.made).toBeGreaterThanOrEqual(LEAST_DEALS);
}, 400_000);
