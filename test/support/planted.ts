/** Deals in which every field that holds personal data holds a word that is found again wherever it turns up. */
import { randomInt } from 'node:crypto';
import { PERSONAL_DATA } from '../../domain/personal-data';
import { Scout, type Transaction } from '../../sdk';
import { rows, type Db } from '../../store/db';
import type { TestEnvironment } from './environment';
import { anOffer, createMarket, type TestBuyer, type TestSeller } from './market';

/** Every planted word begins with it, and nothing else does. */
export const PLANTED = 'plantedq7';
/** Every planted account number begins with these digits. */
export const PLANTED_ACCOUNT = '7700771';

export const planted = (what: string): string => `${PLANTED}${what}`;
export const plantedAccount = (): string => `${PLANTED_ACCOUNT}${randomInt(1_000_000, 9_999_999)}`;

/** A buyer and a seller whose names, contacts and accounts are planted. */
export async function plantedParties(
  env: TestEnvironment,
): Promise<{ buyer: TestBuyer; seller: TestSeller }> {
  const market = createMarket(env);
  const numbers = { buyer: plantedAccount(), seller: plantedAccount() };
  const buyer = await market.aBuyer({
    name: `Bea ${planted('buyer')}`,
    accountNumber: numbers.buyer,
    email: `${planted('contact')}@example.com`,
  });
  const seller = await market.aSeller({ name: `Sol ${planted('seller')}`, accountNumber: numbers.seller });
  await Scout.registerVersion1(env.http, {
    agent_name: planted('agent'),
    platform: 'test',
    contact_email: `${planted('developer')}@example.com`,
  });
  return { buyer, seller };
}

export interface PlantedDeal {
  buyer: TestBuyer;
  seller: TestSeller;
  sessionId: string;
  transactionId: string;
}

const isCleared = ({ clearing_status }: Transaction) => clearing_status === 'cleared';

/** A deal that was cleared, with words of its buyer in it. */
export async function plantedDeal(
  env: TestEnvironment,
  parties: { buyer: TestBuyer; seller: TestSeller },
): Promise<PlantedDeal> {
  const { buyer, seller } = parties;
  const market = createMarket(env);
  const { sessionId, offers } = await market.rankedSession(
    buyer,
    [[seller, [anOffer({ price: '100.00' })]]],
    {
      intent: `I am ${planted('intent')} and need wireless headphones for my commute, at most 400 dollars`,
      context: { use_case: planted('usecase'), previous_purchases: [planted('purchase')] },
    },
  );
  const transaction = await buyer.scout.commit(
    sessionId,
    market.commitment(buyer, offers[0]?.offer_id ?? '', {
      buyer: {
        name: `Bea ${planted('buyer')}`,
        email: `${planted('mail')}@example.com`,
        phone: '+1-555-770-0771',
      },
      shippingAddress: {
        line1: `7 ${planted('street')} Road`,
        city: planted('city'),
        postal_code: '94102',
        country: 'US',
      },
    }),
  );
  const { transaction_id: transactionId } = transaction;
  await buyer.scout.waitFor(transactionId, isCleared, { timeoutMs: 60_000 });
  return { buyer, seller, sessionId, transactionId };
}

/** All that can still be said about a deal: shipped, delivered, refunded in part, disputed and decided. */
export async function sayMore({
  buyer,
  seller,
  transactionId: id,
}: PlantedDeal): Promise<{ disputeId: string }> {
  await seller.beacon.reportDelivery(id, { signed_by: planted('receiver'), note: planted('delivery') });
  await buyer.scout.waitFor(id, ({ status }) => status === 'completed', { timeoutMs: 60_000 });
  await seller.beacon.refund(id, { amount: '5.00', reason: `a scratch, says ${planted('refund')}` });
  const { dispute_id: disputeId } = await buyer.scout.disputes.file(id, {
    reason: 'defective',
    description: `It broke, says ${planted('claim')}.`,
    remedy: 'refund',
    evidence: [{ description: planted('exhibit'), content: planted('content') }],
  });
  await seller.beacon.disputes.answer(disputeId, {
    position: 'contest',
    statement: `It was whole, says ${planted('answer')}.`,
  });
  return { disputeId };
}

/** Every row of every table as Postgres writes it as text. */
export async function dump(db: Db): Promise<{ table: string; line: string }[]> {
  const tables = await rows<{ name: string }>(
    db,
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1`,
  );
  const all = [];
  for (const { name } of tables)
    for (const { line } of await rows<{ line: string }>(db, `SELECT t::text AS line FROM ${name} t`))
      all.push({ table: name, line });
  return all;
}

/** Columns of the table of personal data that hold something sealed, as `table.column`. */
export async function sealedColumns(db: Db): Promise<string[]> {
  const found: string[] = [];
  for (const [table, { columns }] of Object.entries(PERSONAL_DATA))
    for (const column of Object.keys(columns)) {
      const sealed = await rows(db, `SELECT 1 FROM ${table} WHERE ${column}::text LIKE '%aura:1:%' LIMIT 1`);
      if (sealed.length > 0) found.push(`${table}.${column}`);
    }
  return found;
}
