/**
 * One deal that was really made, cleared, delivered and paid out, kept as rows with places in them: for its ids, its
 * parties and its times. Every stored deal of the growth bench is a copy of it.
 */
import { routeEvents } from '../../store/agent-events';
import { rows, type Db } from '../../store/db';
import { relayEvents } from '../../store/outbox';
import type { TestAgent } from '../../test/support/factories';
import { commit, complete, openSession, rankedOffer, settle, type Buyer, type Hand } from './hand';

/** Tables with rows of a deal, in an order that suits their references. */
export const DEAL_TABLES = [
  'sessions',
  'requests',
  'request_recipients',
  'offers',
  'transactions',
  'exposures',
  'state_history',
  'entries',
  'postings',
  'margins',
  'instructions',
  'transmissions',
  'proofs',
  'rail_references',
  'fulfilments',
  'payouts',
  'payables',
  'matches',
  'matched_movements',
  'statement_lines',
  'outbox',
  'agent_events',
  'idempotency_keys',
  'audit',
  'deal_outcomes',
] as const;

/** Places in the rows of the template, by what a copy puts there. */
export const PLACES = {
  code: '@@@@@@@@',
  at: '~at~',
  day: '~day~',
  buyerPrincipal: '~bp~',
  scout: '~ba~',
  mandate: '~bm~',
  mandateAccount: '~bc~',
  sellerPrincipal: '~sp~',
  beacon: '~sa~',
  beaconKey: '~sk~',
  sellerAccount: '~sc~',
} as const;
export type Place = keyof typeof PLACES;

export interface TemplateParties {
  buyer: Buyer;
  beacon: TestAgent;
}

/**
 * Makes a deal in a database that has no other, and keeps its rows in the schema `template`. An open one is paid and not
 * delivered yet.
 */
export async function makeTemplate(
  hand: Hand,
  { buyer, beacon }: TemplateParties,
  { open = false } = {},
): Promise<Date> {
  const { db } = hand;
  const [{ at } = { at: new Date() }] = await rows<{ at: Date }>(db, 'SELECT clock_timestamp() AS at');
  const sessionId = await openSession(hand, buyer);
  const offerId = await rankedOffer(hand, sessionId, [beacon]);
  const deal = await commit(hand, buyer, sessionId, offerId);
  await settle(hand, deal);
  if (!open) await complete(hand, deal.transactionId, beacon);
  while ((await routeEvents(db, 500)).length > 0);
  while ((await relayEvents(db, 500, () => Promise.resolve())) > 0);
  await db.raw('CREATE SCHEMA template');
  const known = await knownIds(db, { buyer, beacon });
  for (const table of DEAL_TABLES) await keep(db, table, known, at);
  return at;
}

/** Ids of the parties, and the places that stand for them. */
async function knownIds(db: Db, { buyer, beacon }: TemplateParties): Promise<[string, string][]> {
  const accounts = await rows<{ id: string; principal: string }>(
    db,
    'SELECT id, principal_id AS principal FROM payment_accounts WHERE principal_id = ANY(?)',
    [[buyer.scout.principal.id, beacon.principal.id]],
  );
  const accountOf = (principal: string) => accounts.find((each) => each.principal === principal)?.id ?? '';
  return [
    [buyer.scout.principal.id, PLACES.buyerPrincipal],
    [buyer.scout.id, PLACES.scout],
    [buyer.mandateId, PLACES.mandate],
    [accountOf(buyer.scout.principal.id), PLACES.mandateAccount],
    [beacon.principal.id, PLACES.sellerPrincipal],
    [beacon.id, PLACES.beacon],
    [beacon.keyId, PLACES.beaconKey],
    [accountOf(beacon.principal.id), PLACES.sellerAccount],
  ];
}

export interface Column {
  name: string;
  type: string;
  identity: boolean;
}

export async function columnsOf(db: Db, table: string): Promise<Column[]> {
  return rows<Column>(
    db,
    `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attidentity = 'a' AS identity
     FROM pg_attribute a
     WHERE a.attrelid = ?::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum`,
    [`public.${table}`],
  );
}

export const isText = (type: string) => type === 'text' || type === 'jsonb' || type === 'json';

const TIMES = ['at', 'created_at', 'occurred_at'];

async function keep(db: Db, table: string, known: [string, string][], at: Date): Promise<void> {
  const columns = (await columnsOf(db, table)).filter(({ identity }) => !identity);
  const day = at.toISOString().slice(0, 10);
  const selected = columns.map(({ name, type }) => {
    if (!isText(type)) return `t."${name}"`;
    const withParties = known.reduce(
      (sql, [id, place]) => `replace(${sql}, '${id}', '${place}')`,
      `t."${name}"::text`,
    );
    const withCode = `regexp_replace(${withParties}, '([a-z]{3}_)[0-9A-HJKMNP-TV-Z]{8}([0-9A-HJKMNP-TV-Z]{18})', '\\1${PLACES.code}\\2', 'g')`;
    const ofToday = `regexp_replace(${withCode}, '${day}T[0-9:.]+Z', '${PLACES.at}', 'g')`;
    const ofDay = `replace(${ofToday}, '${day}', '${PLACES.day}')`;
    // What is sealed is bound to its row: in copies it stands under a key that was destroyed.
    return `regexp_replace(${ofDay}, 'aura:1:[0-9]+:', 'aura:1:0:', 'g') AS "${name}"`;
  });
  const [what, from] =
    table === 'postings'
      ? [
          `${selected.filter((_, index) => columns[index]?.name !== 'account_id').join(', ')},
           ${known.reduce((sql, [id, place]) => `replace(${sql}, '${id}', '${place}')`, 'a.owner')} AS owner, a.kind, a.asset`,
          'postings t JOIN accounts a ON a.id = t.account_id JOIN template.entries e ON ' +
            `regexp_replace(t.entry_id, '_.{8}', '_${PLACES.code}') = e.id`,
        ]
      : [selected.join(', '), `public."${table}" t`];
  const order = (await columnsOf(db, table)).some(({ identity }) => identity) ? 'ORDER BY t.seq' : '';
  // What was there before belongs to the parties and to the house.
  const time = TIMES.find((name) => columns.some((column) => column.name === name));
  const since = time ? `WHERE t."${time}" >= '${at.toISOString()}'` : '';
  await db.raw(`CREATE TABLE template."${table}" AS SELECT ${what} FROM ${from} ${since} ${order}`);
}
