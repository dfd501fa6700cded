/**
 * `npx tsx bench/reconciliation.ts [lines]`: generates instructions, proofs and statement lines in a scratch database
 * next to the one that `DATABASE_URL` names, reconciles them, and prints the time and the largest memory of this process.
 */
import { seededRandom } from '../rails/sandbox/random';
import { reconciliationActivities } from '../activities/reconciliation';
import { newId } from '../domain/ids';
import { openRun, reportRows, type Run } from '../store/reconciliation';
import { freshDatabase } from '../test/support/database';
import { aMovement, lineFor, storeLines, storeMovements } from '../test/support/statement-world';

const RAIL = 'rtp';
const DAY_MS = 86_400_000;
const GENERATED_AT_ONCE = 5_000;
const LINES = 100_000;

const say = (line: string) => void process.stdout.write(`${line}\n`);
const peakMb = () => Math.round(process.resourceUsage().maxRSS / 1_024);

async function main(): Promise<void> {
  const wanted = Number(process.argv[2] ?? LINES);
  const scratch = await freshDatabase();
  const { db } = scratch;
  try {
    const startMs = Date.now() - DAY_MS;
    const run: Run = {
      id: newId('reconciliation'),
      rail: RAIL,
      from: new Date(startMs - DAY_MS).toISOString(),
      to: new Date().toISOString(),
      asset: 'USD',
    };
    await openRun(db, run);
    const random = seededRandom(1);
    let ingestMs = 0;
    for (let made = 0; made < wanted; made += GENERATED_AT_ONCE) {
      const movements = Array.from({ length: Math.min(GENERATED_AT_ONCE, wanted - made) }, () => {
        const at = new Date(startMs + Math.floor(random() * DAY_MS * 0.9)).toISOString();
        const kind = random() < 0.8 ? ('deposit' as const) : ('payout' as const);
        return aMovement({ at, kind, amountMinor: BigInt(100 + Math.floor(random() * 1_000_000)) });
      });
      await storeMovements(db, RAIL, movements);
      const started = performance.now();
      // One in a thousand has no line, one in a thousand another amount.
      const lines = movements
        .filter((_, at) => at % 1_000 !== 0)
        .map((one, at) => lineFor(RAIL, one, at % 1_000 === 0 ? { amount_minor: '1' } : {}));
      await storeLines(db, lines, run.id);
      ingestMs += performance.now() - started;
    }
    await db.raw('ANALYZE');
    say(`generated ${wanted} instructions; peak ${peakMb()} MB`);
    const activities = reconciliationActivities({ db });
    const started = performance.now();
    let matched = 0;
    for (let after: string | null = '0'; after !== null;) {
      const chunk: Awaited<ReturnType<typeof activities.matchStatement>> = await activities.matchStatement({
        run,
        after,
      });
      matched += chunk.matched;
      after = chunk.next;
    }
    const matchedAt = performance.now();
    const { openBreaks } = await activities.closeRun({ run, matched });
    const closedAt = performance.now();
    const rows = await reportRows(db, { rail: RAIL });
    const reportedAt = performance.now();
    const seconds = (ms: number) => (ms / 1_000).toFixed(1);
    say(
      `lines taken in ${seconds(ingestMs)} s, matched ${matched} in ${seconds(matchedAt - started)} s, ` +
        `${openBreaks} breaks filed in ${seconds(closedAt - matchedAt)} s, report in ${seconds(reportedAt - closedAt)} s ` +
        `(${rows.every(({ differenceMinor }) => differenceMinor === 0n) ? 'ties' : 'DOES NOT TIE'})`,
    );
    say(`reconciled in ${seconds(ingestMs + closedAt - started)} s; peak ${peakMb()} MB`);
  } finally {
    await scratch.drop();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
