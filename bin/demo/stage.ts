/** What every story has: sellers who answer by themselves, a buyer with means to pay, an operator, and somebody to tell it. */
import { createDb, rows } from '../../store/db';
import { dealBalances } from '../../store/ledger';
import { formatMoney } from '../../domain/money';
import { quote } from '../../domain/market/offer';
import { RAIL_TERMS } from '../../domain/rail-terms';
import type { RailName } from '../../domain/settlement';
import {
  keyPairFrom,
  Operator,
  type HttpOptions,
  type RankedOffer,
  type Session,
  type Transaction,
} from '../../sdk';
import type { Environment } from '../environment';
import { createBuyer, createIssuers, createMerchants, openShops, type Buyer, type Merchant } from './cast';
import { dim, heading, ledgerTable, strong, type Say } from './print';

export const DEFAULT_INTENT =
  'I need wireless headphones for my train commute, noise cancelling, $300-400, I liked Sony before';

export interface StageOptions {
  environment: Environment;
  /** The rails the buyer can pay over. */
  rails: readonly RailName[];
  say: Say;
}

export interface Chosen {
  session: Session;
  offers: RankedOffer[];
  offer: RankedOffer;
  merchant: Merchant;
  /** Decimal of USD. */
  total: string;
}

export interface Stage {
  environment: Environment;
  http: HttpOptions;
  buyer: Buyer;
  merchants: readonly Merchant[];
  operator: Operator;
  names: Map<string, string>;
  say: Say;
  /** From a sentence to the best offer. */
  choose(intent?: string): Promise<Chosen>;
  /** Commits to the offer over a rail. */
  commit(
    chosen: Chosen,
    rail: RailName,
    more?: { fallback?: boolean; mandateId?: string },
  ): Promise<Transaction>;
  /** Prints every state the deal moves through until it is where it should be. */
  watch(
    transactionId: string,
    reached: (deal: Transaction) => boolean,
    timeoutMs?: number,
  ): Promise<Transaction>;
  /** Watches until the rail's proof has settled the deal. */
  untilSettled(transactionId: string): Promise<Transaction>;
  /** Waits for the rail's statement and reconciles until the deal is cleared. */
  untilCleared(transactionId: string, rail: RailName): Promise<Transaction>;
  ledger(transactionId: string, title: string): Promise<void>;
  query<T>(sql: string, bindings?: string[]): Promise<T[]>;
  close(): void;
}

const RECONCILE_TRIES = 60;
const RECONCILE_EVERY_MS = 500;

export async function setStage({ environment, rails, say }: StageOptions): Promise<Stage> {
  const { platform, databaseUrl } = environment;
  const http: HttpOptions = { baseUrl: platform.apiUrl };
  const shops = new AbortController();
  const issuers = await createIssuers(databaseUrl);
  const merchants = await createMerchants(platform, http, issuers);
  const buyer = await createBuyer(platform, http, issuers, { name: 'Jane Doe', rails, number: 1 });
  openShops(merchants, shops.signal, (error) => say(dim(`a merchant: ${String(error)}`)));
  const { agentId, secretKey } = platform.operator;
  const operator = new Operator(http, agentId, keyPairFrom(secretKey));
  const names = new Map<string, string>([
    [buyer.principal.principal_id, buyer.principal.name],
    ...merchants.map(({ principal, name }) => [principal.principal_id, name] as const),
    ['aura', 'AURA'],
    ...platform.rails.map((rail) => [`rail:${rail}`, rail.toUpperCase()] as const),
  ]);
  const shown = new Map<string, number>();

  const stage: Stage = {
    environment,
    http,
    buyer,
    merchants,
    operator,
    names,
    say,
    async choose(intent = DEFAULT_INTENT) {
      const session = await buyer.scout.openSession({ intent, offerTimeoutSeconds: 10 });
      const offers = await buyer.scout.rankedOffers(session.session_id);
      const [offer] = offers;
      const merchant = merchants.find(({ beacon }) => beacon.agentId === offer?.beacon_id);
      if (!offer || !merchant) throw new Error('no offer was ranked');
      const quoted = quote(offer, quantityOf(session));
      if ('problem' in quoted) throw new Error(quoted.problem.reason);
      const total = formatMoney({ amountMinor: quoted.amounts.totalMinor, asset: 'USD' });
      return { session, offers, offer, merchant, total };
    },
    async commit({ session, offer, total }, rail, { fallback, mandateId } = {}) {
      const payer = buyer.payers.get(rail);
      if (!payer) throw new Error(`the buyer cannot pay over ${rail}`);
      const exact = RAIL_TERMS[rail].accountForm === 'wallet';
      return buyer.scout.commit(session.session_id, {
        offerId: offer.offer_id,
        quantity: quantityOf(session),
        rail,
        mandateId: mandateId ?? (await payer.mandate(exact ? total : '20000.00')),
        fallback,
        buyer: { name: 'Jane Doe', email: 'jane.doe@example.com' },
        shippingAddress: {
          line1: '123 Main Street',
          city: 'San Francisco',
          state: 'CA',
          postal_code: '94102',
          country: 'US',
        },
      });
    },
    watch(transactionId, reached, timeoutMs = 90_000) {
      return buyer.scout.waitFor(transactionId, reached, {
        timeoutMs,
        everyMs: 40,
        onChange: (deal) => shown.set(transactionId, showMoves(say, deal, shown.get(transactionId) ?? 0)),
      });
    },
    untilSettled: (transactionId) =>
      stage.watch(transactionId, ({ clearing_status: state }) => state === 'settled' || state === 'cleared'),
    async untilCleared(transactionId, rail) {
      for (let tries = 0; tries < RECONCILE_TRIES; tries++) {
        const deal = await buyer.scout.transaction(transactionId);
        if (deal.clearing_status === 'cleared') break;
        if (deal.clearing_status === 'settled') await operator.reconcile(rail);
        await new Promise((resolve) => setTimeout(resolve, RECONCILE_EVERY_MS));
      }
      return stage.watch(transactionId, ({ clearing_status }) => clearing_status === 'cleared');
    },
    async ledger(transactionId, title) {
      await onDatabase(environment, async (db) => {
        const balances = await dealBalances(db, transactionId);
        say(dim(`  ${title}:`));
        const lines = balances.map(({ owner, kind, asset, balanceMinor }) => ({
          owner,
          kind,
          currency: asset.length > 3 ? 'USDC' : asset,
          balance: formatMoney({ amountMinor: balanceMinor, asset }),
        }));
        say(ledgerTable(lines, names));
      });
    },
    query: <T>(sql: string, bindings: string[] = []) =>
      onDatabase(environment, (db) => rows<T>(db, sql, bindings)),
    close: () => shops.abort(),
  };
  return stage;
}

export function quantityOf(session: Session): number {
  const constraints = session.interpreted_request?.constraints as
    { hard?: { quantity?: number } } | undefined;
  return constraints?.hard?.quantity ?? 1;
}

function showMoves(say: Say, { status_history: history, payment }: Transaction, shown: number): number {
  for (const { transition, region, from, to, at } of history.slice(shown)) {
    say(
      `  ${dim(at.slice(11, 23))}  ${transition.padEnd(4)}${region.padEnd(9)} ${from ?? '–'} → ${strong(to)}`,
    );
  }
  const { progress } = payment;
  if (progress && history.length === shown)
    say(dim(`  ${payment.rail}: ${progress.done} of ${progress.of} ${progress.unit}`));
  return history.length;
}

async function onDatabase<T>(
  { databaseUrl }: Environment,
  work: (db: ReturnType<typeof createDb>) => Promise<T>,
): Promise<T> {
  const db = createDb({ url: databaseUrl, applicationName: 'aura-demo', poolMax: 1 });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

/** A chapter of a story. */
export function chapter(say: Say, title: string, ...lines: string[]): void {
  heading(say, title);
  for (const line of lines) say(`  ${line}`);
}
