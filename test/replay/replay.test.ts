/** Recorded histories replay: a change that would break deals under way fails here. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundleWorkflowCode, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

jest.setTimeout(120_000);

const FOLDER = join(__dirname, 'histories');
const histories = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

describe('workflows', () => {
  let workflowBundle: WorkflowBundleWithSourceMap;

  beforeAll(async () => {
    workflowBundle = await bundleWorkflowCode({
      workflowsPath: resolve(__dirname, '../../workflows/index.ts'),
    });
  });

  test('of every kind are recorded', () => {
    expect(new Set(histories.map((name) => name.replace(/\..*$/, '')))).toEqual(
      new Set(['deposit', 'dispute', 'mandate', 'payout', 'refund', 'session', 'transaction']),
    );
  });

  test.each(histories)('replay %s', async (name) => {
    const history = JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as unknown;
    await Worker.runReplayHistory({ workflowBundle, replayName: name }, history);
  });

  test('hold no personal data and no account numbers', () => {
    for (const name of histories) {
      const decoded = decodePayloads(JSON.parse(readFileSync(join(FOLDER, name), 'utf8')));
      expect(decoded).toMatch(/(txn|ses|mnd|dep|ins)_[0-9A-Z]{26}/);
      for (const secret of [
        'Jane',
        'jane.doe',
        '123 Main Street',
        '94102',
        '021000021',
        '300000001',
        'train commute, noise',
      ]) {
        expect(`${name}: ${decoded.includes(secret)}`).toBe(`${name}: false`);
      }
    }
  });

  test('take fewer than forty events for a cleared deal', () => {
    const { events } = JSON.parse(readFileSync(join(FOLDER, 'transaction.cleared.json'), 'utf8')) as {
      events: unknown[];
    };
    expect(events.length).toBeLessThan(40);
  });
});

/** All payload data of a history, as text. */
function decodePayloads(value: unknown): string {
  if (Array.isArray(value)) return value.map(decodePayloads).join('\n');
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([key, item]) =>
      key === 'data' && typeof item === 'string'
        ? Buffer.from(item, 'base64').toString()
        : decodePayloads(item),
    )
    .join('\n');
}
