/** Transfers a second on the ledger, each an entry of two postings, against pgbench's TPC-B on the same Postgres. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { newId } from '../domain/ids';
import { credit, debit, entry, of, type Entry } from '../domain/ledger/entry';
import type { Db } from '../store/db';
import { postEntries } from '../store/ledger';
import { freshDatabase } from '../test/support/database';
import { compareAll, type Bench } from './harness';

const run = promisify(execFile);
const CLIENTS = 16;
const ACCOUNTS = 10_000;
const BATCH = 100;
const SECONDS = 8;
/** Rows of pgbench's smallest table; as many as clients, or they wait for each other. */
const TPCB_SCALE = 16;
const GRANT_MINOR = 1_000_000_000_000n;

export const ledger: Bench = {
  name: 'ledger',
  title: 'Ledger transfers',
  async run(context) {
    const books = await freshDatabase({ poolMax: CLIENTS });
    const reference = await freshDatabase({ migrated: false });
    try {
      const { say } = context;
      say(`ledger: funding ${ACCOUNTS} accounts`);
      const owners = Array.from({ length: ACCOUNTS }, () => newId('principal'));
      await fund(books.db, owners);
      say('ledger: making the tables of TPC-B');
      await pgbench(['-i', '-q', '-s', String(TPCB_SCALE)], reference.url);
      const pick = zipf(ACCOUNTS);
      const transfers = (size: number) => () => transfersASecond(books.db, owners, pick, size);
      const against = () => tpcb(reference.url);
      const what = { unit: 'transfers/s', reference: 'pgbench TPC-B, prepared, transactions/s', against };
      return await compareAll(context, 'ledger', [
        {
          ...what,
          name: 'transfers_one_by_one',
          title: `Transfers, one a transaction, ${CLIENTS} clients, ${ACCOUNTS} accounts, Zipf 1.0`,
          reach: { atLeast: 1 },
          subject: transfers(1),
        },
        {
          ...what,
          name: 'transfers_in_batches',
          title: `The same, ${BATCH} a transaction`,
          reach: { atLeast: 2.5 },
          subject: transfers(BATCH),
        },
      ]);
    } finally {
      await books.drop();
      await reference.drop();
    }
  },
};

async function fund(db: Db, owners: readonly string[]): Promise<void> {
  for (let at = 0; at < owners.length; at += 500) {
    await postEntries(
      db,
      owners
        .slice(at, at + 500)
        .map((owner) =>
          entry('sandbox_grant', randomUUID(), null, [
            debit(of('rail:rtp', 'cash', 'USD'), GRANT_MINOR),
            credit(of(owner, 'collateral', 'USD'), GRANT_MINOR),
          ]),
        ),
    );
  }
  await db.raw('ANALYZE');
}

async function transfersASecond(
  db: Db,
  owners: readonly string[],
  pick: () => number,
  size: number,
): Promise<number> {
  const until = performance.now() + SECONDS * 1_000;
  let done = 0;
  const client = async () => {
    while (performance.now() < until) {
      await postEntries(
        db,
        Array.from({ length: size }, () => aTransfer(owners, pick)),
      );
      done += size;
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return done / ((performance.now() - started) / 1_000);
}

function aTransfer(owners: readonly string[], pick: () => number): Entry {
  const from = pick();
  let to = pick();
  while (to === from) to = pick();
  const account = (at: number) => of(owners[at] as string, 'collateral', 'USD');
  return entry('penalty', randomUUID(), null, [debit(account(from), 100n), credit(account(to), 100n)]);
}

/** Draws ranks from 0 with weights 1/(rank + 1). */
function zipf(size: number): () => number {
  const sums = new Float64Array(size);
  let total = 0;
  for (let rank = 0; rank < size; rank++) sums[rank] = total += 1 / (rank + 1);
  return () => {
    const wanted = Math.random() * total;
    let [low, high] = [0, size - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

async function tpcb(url: string): Promise<number> {
  const load = ['-c', String(CLIENTS), '-j', '2', '-T', String(SECONDS), '-M', 'prepared', '-n'];
  const printed = await pgbench(load, url);
  const tps = /tps = ([\d.]+) \(without/.exec(printed)?.[1] ?? /tps = ([\d.]+)/.exec(printed)?.[1];
  if (tps === undefined) throw new Error(`pgbench said: ${printed}`);
  return Number(tps);
}

async function pgbench(args: readonly string[], url: string): Promise<string> {
  const { stdout } = await run('pgbench', [...args, url]);
  return stdout;
}
