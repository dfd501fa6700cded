/** Copies of the template by the hundred thousand: one INSERT … SELECT for each table and batch. */
import { rows, type Db } from '../../store/db';
import { columnsOf, DEAL_TABLES, isText, PLACES, type Column, type Place } from './template';

/** What a thousand a day come to: 1 k is the last day, 1 M the last three years. */
export const DEALS_A_DAY = 1_000;
const DAY_MS = 86_400_000;
const EVERY_MS = DAY_MS / DEALS_A_DAY;
/** Numbers that a copy gives itself lie so far from those of the next. */
const STRIDE = 1_000;
const BATCH = 2_000;

export interface Party {
  buyerPrincipal: string;
  scout: string;
  mandate: string;
  mandateAccount: string;
}

export interface Seller {
  sellerPrincipal: string;
  beacon: string;
  beaconKey: string;
  sellerAccount: string;
}

export interface CopyOptions {
  count: number;
  /** When the template was made; copy number n was made n intervals before. */
  at: Date;
  buyers: readonly Party[];
  sellers: readonly Seller[];
  say: (line: string) => void;
}

/** Adds the copies as a loader of dumps would: without triggers, then balances and counters as they follow. */
export async function copyDeals(db: Db, options: CopyOptions): Promise<void> {
  await db.transaction(async (trx) => {
    await trx.raw(
      'CREATE TABLE template.buyers (n int PRIMARY KEY, "buyerPrincipal" text, scout text, mandate text, "mandateAccount" text)',
    );
    await trx.raw(
      'CREATE TABLE template.sellers (n int PRIMARY KEY, "sellerPrincipal" text, beacon text, "beaconKey" text, "sellerAccount" text)',
    );
    await trx('template.buyers').insert(options.buyers.map((party, n) => ({ n, ...party })));
    await trx('template.sellers').insert(options.sellers.map((party, n) => ({ n, ...party })));
  });
  await makeAccounts(db);
  // What is sealed in copies reads as erased: it stands under this key.
  await db.raw(
    `INSERT INTO data_keys (id, kind, subject, kek_id, destroyed_at) OVERRIDING SYSTEM VALUE
     VALUES (0, 'deal', 'copies', 'none', now())`,
  );
  // A record's hash is over its own subject and time.
  await db.raw('ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_chain');
  const statements = await Promise.all(DEAL_TABLES.map(async (table) => insertInto(db, table)));
  const started = performance.now();
  for (let last = options.count; last > 0; last -= BATCH) {
    const first = Math.max(1, last - BATCH + 1);
    await copyBatch(db, options, { first, last }, statements);
    const seconds = Math.round((performance.now() - started) / 1_000);
    const done = options.count - first + 1;
    options.say(
      `${done.toLocaleString('en')} of ${options.count.toLocaleString('en')} deals stored, ${seconds} s`,
    );
  }
  await conclude(db);
  options.say('balances and statistics follow');
}

async function copyBatch(
  db: Db,
  { at, buyers, sellers }: CopyOptions,
  { first, last }: { first: number; last: number },
  statements: readonly string[],
): Promise<void> {
  await db.transaction(async (trx) => {
    await trx.raw('SET LOCAL session_replication_role = replica');
    await trx.raw('SET LOCAL synchronous_commit = off');
    await trx.raw("SET LOCAL work_mem = '64MB'");
    // The oldest first, so that the rows of indexes by time come in order. Few parties have many deals, many have few.
    await trx.raw(
      `CREATE TEMP TABLE copy ON COMMIT DROP AS
       SELECT c.n, c.back, (SELECT string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ',
           ((c.unit >> (5 * (7 - d))) & 31)::int + 1, 1), '' ORDER BY d) FROM generate_series(0, 7) d) AS code,
         to_char(c.moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at,
         to_char(c.moment AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, b.*, s.*
       FROM (
         SELECT n, n::bigint * :every::int * interval '1 millisecond' AS back, :at::timestamptz - n::bigint * :every::int * interval '1 millisecond' AS moment,
           floor((extract(epoch FROM :at::timestamptz) * 1000 - n::bigint * :every::int) / 1024)::bigint AS unit
         FROM generate_series(:first::int, :last::int) n
       ) c
       JOIN LATERAL (SELECT "buyerPrincipal", scout, mandate, "mandateAccount" FROM template.buyers
         WHERE n = floor(:buyers * power((hashint4(c.n)::bigint & 2147483647) / 2147483648.0, 2))) b ON true
       JOIN LATERAL (SELECT "sellerPrincipal", beacon, "beaconKey", "sellerAccount" FROM template.sellers
         WHERE n = floor(:sellers * power((hashint4(c.n + 7)::bigint & 2147483647) / 2147483648.0, 2))) s ON true
       ORDER BY c.n DESC`,
      { first, last, every: EVERY_MS, at, buyers: buyers.length, sellers: sellers.length },
    );
    for (const statement of statements) await trx.raw(statement);
  });
}

/** Columns that are not copied. */
const MADE_ANEW: Readonly<Record<string, readonly string[]>> = {
  postings: ['account_id'],
  audit: ['position', 'hash'],
};

async function insertInto(db: Db, table: string): Promise<string> {
  const columns = (await columnsOf(db, table)).filter(({ identity }) => !identity);
  const made = MADE_ANEW[table] ?? [];
  const kept = columns.filter(({ name }) => !made.includes(name));
  const values = await Promise.all(kept.map((column) => valueOf(db, table, column)));
  const names = kept.map(({ name }) => `"${name}"`);
  let from = `copy c CROSS JOIN template."${table}" t`;
  if (table === 'postings') {
    names.push('account_id');
    values.push('a.id');
    const owner = filled('t.owner', await placesIn(db, table, 'owner'));
    from += ` JOIN accounts a ON a.owner = ${owner} AND a.kind = t.kind AND a.asset = t.asset`;
  }
  if (table === 'audit') from += ' ORDER BY c.n DESC, t.position';
  // In binding syntax a question mark would ask for a value.
  return `INSERT INTO public."${table}" (${names.join(', ')}) SELECT ${values.join(', ')} FROM ${from}`;
}

async function valueOf(db: Db, table: string, { name, type }: Column): Promise<string> {
  const column = `t."${name}"`;
  if (isText(type)) {
    const value = filled(column, await placesIn(db, table, name));
    return type === 'text' ? value : `(${value})::${type}`;
  }
  if (type.startsWith('timestamp')) return `${column} - c.back`;
  // The template was made in one day.
  if (type === 'date') return 'c.day::date';
  if (type === 'bigint') return `${column} + c.n * ${STRIDE}::bigint`;
  return column;
}

/** Only what really occurs is replaced: most of the time goes into replacing. */
async function placesIn(db: Db, table: string, column: string): Promise<Place[]> {
  const found = await Promise.all(
    (Object.keys(PLACES) as Place[]).map(async (place) => {
      const [hit] = await rows(
        db,
        `SELECT 1 FROM template."${table}" WHERE position('${PLACES[place]}' IN "${column}"::text) > 0 LIMIT 1`,
      );
      return hit ? [place] : [];
    }),
  );
  return found.flat();
}

function filled(column: string, places: readonly Place[]): string {
  return places.reduce((sql, place) => `replace(${sql}, '${PLACES[place]}', c."${place}")`, column);
}

async function makeAccounts(db: Db): Promise<void> {
  const owners = { buyers: PLACES.buyerPrincipal, sellers: PLACES.sellerPrincipal };
  for (const [table, place] of Object.entries(owners)) {
    const principal = table === 'buyers' ? 'buyerPrincipal' : 'sellerPrincipal';
    await db.raw(
      `INSERT INTO accounts (owner, kind, asset)
       SELECT DISTINCT p."${principal}", t.kind, t.asset FROM template.postings t CROSS JOIN template."${table}" p
       WHERE t.owner = '${place}' ON CONFLICT DO NOTHING`,
    );
  }
}

/** What triggers and counters would have kept up to date. */
async function conclude(db: Db): Promise<void> {
  await db.transaction(async (trx) => {
    await trx.raw('SET LOCAL session_replication_role = replica');
    await trx.raw(
      `UPDATE accounts a SET balance_minor = s.balance FROM (
         SELECT p.account_id, sum(CASE WHEN (p.side = 'credit') = credit_normal(b.kind) THEN p.amount_minor
           ELSE -p.amount_minor END) AS balance
         FROM postings p JOIN accounts b ON b.id = p.account_id GROUP BY p.account_id
       ) s WHERE a.id = s.account_id`,
    );
    await trx.raw(
      `INSERT INTO deal_records (principal_id, fulfilled)
       SELECT t.seller_principal_id, sum(o.fulfilled) FROM deal_outcomes o JOIN transactions t ON t.id = o.transaction_id
       GROUP BY 1 ON CONFLICT (principal_id) DO UPDATE SET fulfilled = EXCLUDED.fulfilled`,
    );
    await trx.raw(
      `UPDATE mandates m SET used_minor = s.used FROM (
         SELECT mandate_id, sum(total_minor) AS used FROM transactions GROUP BY 1
       ) s WHERE m.id = s.mandate_id`,
    );
    await trx.raw(
      `SELECT setval('routed_seq', (SELECT max(routed_seq) FROM outbox)),
         setval(pg_get_serial_sequence('matches', 'id'), (SELECT max(id) FROM matches))`,
    );
  });
  // As a database that has had its time: nothing of the loading is left to be done while it is measured.
  await db.raw('VACUUM (ANALYZE)');
  await db.raw('CHECKPOINT');
}
