/** A deal with everything, its agents, strangers to it, and what the paths and bodies of all routes can name. */
import { join } from 'node:path';
import { keyFile, secretOf } from '../../bin/keys';
import type { Route } from '../../api/route';
import { newId } from '../../domain/ids';
import { offerSigningBytes } from '../../domain/market/offer';
import { keyPairFrom, newKeyPair } from '../../sdk';
import type { TestEnvironment } from './environment';
import { anOffer, createMarket } from './market';
import { send, signerOf, type Signer } from './raw-request';
import { sampleOf, type Hints } from './schema-arbitrary';

export type Role = 'scout' | 'beacon' | 'operator' | 'rail';
export const ROLES: readonly Role[] = ['scout', 'beacon', 'operator', 'rail'];

export interface RouteWorld {
  /** The deal's own agents, the operator, and the adapter of the rail that carried it. */
  owners: Readonly<Record<Role, Signer>>;
  /** The same roles on behalf of somebody else. */
  strangers: Readonly<Record<'scout' | 'beacon' | 'rail', Signer>>;
  /** Parameters of paths by name, with the ids of the owners. */
  params: Readonly<Record<string, string>>;
  /** Fields of bodies by name. */
  hints: Hints;
  /** Whatever tells a stranger of the deal or its parties. */
  secrets: readonly string[];
}

export const nameOf = ({ method, path }: Pick<Route, 'method' | 'path'>) => `${method.toUpperCase()} ${path}`;

/** The route's path with the owners' ids in it. Throws for a parameter that has no fixture. */
export function pathOf({ path }: Pick<Route, 'path'>, params: Readonly<Record<string, string>>): string {
  return path.replace(/:(\w+)/g, (_all, name: string) => {
    const value = params[`${path}#${name}`] ?? params[name];
    if (value === undefined)
      throw new Error(`${path}: no fixture for :${name} in test/support/route-fixtures`);
    return encodeURIComponent(value);
  });
}

/** A body that the route's schema takes. Throws where none can be made from the schema and the hints. */
export function bodyOf(route: Route, { hints, bodies }: RouteWorld & { bodies?: Hints }): unknown {
  if (!route.body) return undefined;
  const fixed = (bodies ?? {})[nameOf(route)];
  const body = fixed ?? sampleOf(route.body, hints);
  if (body === undefined)
    throw new Error(`${nameOf(route)}: no hints for a body in test/support/route-fixtures`);
  return body;
}

export async function createRouteWorld(env: TestEnvironment): Promise<RouteWorld> {
  const market = createMarket(env);
  const { buyer, seller, transaction, sessionId } = await market.aDealCommitted();
  const id = transaction.transaction_id;
  const slow = { timeoutMs: 60_000 };
  await buyer.scout.waitFor(id, ({ clearing_status }) => clearing_status === 'cleared', slow);
  const [stranger, rival] = [await market.aBuyer(), await market.aSeller()];
  const refund = await seller.beacon.refund(id, { amount: '10.00', reason: 'a scratch' });
  const [scout, beacon] = [signerOf(buyer.scout), signerOf(seller.beacon)];
  const ask = async (method: string, path: string, body: unknown) => {
    const answer = await send(env.http.baseUrl, { method, path, body, signer: scout });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  };
  const deposit = await ask('POST', '/v1/accounts/deposits', {
    amount: '5.00',
    currency: 'USD',
    mandate_id: buyer.mandateId,
  });
  const dispute = await ask('POST', `/v1/transactions/${id}/disputes`, {
    reason: 'not_as_described',
    description: 'It is another one.',
    remedy_requested: 'refund',
  });
  const { rows } = await env.db.raw<{
    rows: { offer_id: string; instruction_id: string; account_id: string }[];
  }>(
    `SELECT t.offer_id, i.id AS instruction_id, m.account_id FROM transactions t
     JOIN instructions i ON i.subject_id = t.id AND i.kind = 'pay_in' JOIN mandates m ON m.id = t.mandate_id
     WHERE t.id = ?`,
    [id],
  );
  const [books] = rows;
  if (!books) throw new Error('the deal has no books');
  const cycle = newId('cycle');
  await env.db.raw(`INSERT INTO netting_cycles (id, rail, asset) VALUES (?, 'ach', 'USD')`, [cycle]);
  const rail = (name: string): Signer => {
    const { path } = keyFile(join(env.platform.dataDir), `rail-${name}`);
    return { agentId: `rail-${name}`, key: keyPairFrom(secretOf(path)) };
  };
  const offer = anOffer();
  const strangers = { scout: signerOf(stranger.scout), beacon: signerOf(rival.beacon), rail: rail('fednow') };
  const { agentId: beaconId, key } = strangers.beacon;
  return {
    owners: { scout, beacon, operator: signerOf(env.operator), rail: rail('rtp') },
    strangers,
    params: {
      agent_id: scout.agentId,
      scout_id: scout.agentId,
      beacon_id: beacon.agentId,
      principal_id: buyer.principalId,
      session_id: sessionId,
      offer_id: books.offer_id,
      transaction_id: id,
      dispute_id: String(dispute.dispute_id),
      deposit_id: String(deposit.deposit_id),
      mandate_id: buyer.mandateId,
      account_id: books.account_id,
      instruction_id: books.instruction_id,
      cycle_id: cycle,
      rail: 'rtp',
      key_id: newId('apiKey'),
      exception_id: newId('exception'),
      break_id: newId('break'),
      webhook_id: newId('event'),
      delivery_id: newId('event'),
      event_id: newId('event'),
      name: 'no-such-policy',
      code: 'RATE_LIMITED',
      file: 'swagger-ui.css',
      id: newId('principal'),
    },
    hints: {
      currency: 'USD',
      asset: 'USD',
      rail: 'rtp',
      amount: '1.00',
      offer_id: books.offer_id,
      mandate_id: buyer.mandateId,
      account_id: books.account_id,
      public_key: newKeyPair().publicKey,
      consent: {
        share_identity_with_merchant: true,
        share_email_for_order_updates: true,
        share_phone_for_delivery: false,
        marketing_opt_in: false,
      },
      policies: {},
      authority: { kind: 'owner' },
      payment_method: { type: 'rtp', mandate_id: buyer.mandateId },
      routing_number: '021000021',
      account_number: '400000001',
      webhook_url: 'https://shop.example/hook',
      intent: 'I need wireless headphones, at most 400 dollars',
      offers: [{ ...offer, signature: key.sign(offerSigningBytes({ sessionId, beaconId, offer })) }],
    },
    secrets: [
      ...[scout.agentId, beacon.agentId, buyer.principalId, seller.principalId, sessionId, id],
      ...[books.offer_id, books.instruction_id, buyer.mandateId, refund.refund_id],
      ...[String(dispute.dispute_id), String(deposit.deposit_id)],
    ],
  };
}

/** How much is in each table, and a hash of what; of those that a request may always write to, nothing. */
export async function contentsOf({ db }: Pick<TestEnvironment, 'db'>): Promise<Record<string, string>> {
  const tables = await db.raw<{ rows: { name: string }[] }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
       AND relname <> ALL (?) ORDER BY relname`,
    [UNTOLD],
  );
  const each = tables.rows.map(
    ({ name }) => `SELECT '${name}' AS name, count(*) || ' ' ||
      md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS content FROM "${name}" t`,
  );
  const { rows } = await db.raw<{ rows: { name: string; content: string }[] }>(each.join(' UNION ALL '));
  return Object.fromEntries(rows.map(({ name, content }) => [name, content]));
}

/** What is written whatever is asked, and what goes on by itself. */
const UNTOLD = [
  ...['audit', 'idempotency_keys', 'request_nonces', 'outbox', 'rail_health', 'rail_cursors'],
  // Made from the outbox, a moment later.
  ...['agent_events', 'webhook_deliveries', 'reputations_told'],
];
