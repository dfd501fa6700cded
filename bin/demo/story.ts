/** One deal, told as it happens: from a sentence to a reconciled payout. */
import { createDb } from '../../store/db';
import { allBalances, dealBalances } from '../../store/ledger';
import { formatMoney } from '../../domain/money';
import {
  Operator,
  keyPairFrom,
  type HttpOptions,
  type Scout,
  type Session,
  type Transaction,
} from '../../sdk';
import type { Environment } from '../environment';
import { createBuyer, createIssuers, createMerchants, openShops, type Merchant } from './cast';
import {
  dim,
  gateTable,
  heading,
  ledgerTable,
  offersTable,
  proofTable,
  strong,
  table,
  type Say,
} from './print';

export const DEFAULT_INTENT =
  'I need wireless headphones for my train commute, noise cancelling, $300-400, I liked Sony before';
const RAIL = 'rtp';

export interface StoryOptions {
  environment: Environment;
  intent: string;
  say: Say;
  uiUrl: string | null;
}

export interface StoryResult {
  cleared: number;
  completed: number;
  breaks: number;
}

export async function tellStory({ environment, intent, say, uiUrl }: StoryOptions): Promise<StoryResult> {
  const { platform } = environment;
  const http: HttpOptions = { baseUrl: platform.apiUrl };
  const shops = new AbortController();
  try {
    const { merchants, buyer, names } = await introduce(environment, http, say);
    openShops(merchants, shops.signal, (error) => say(dim(`a merchant: ${String(error)}`)));

    heading(say, 'The intent');
    say(`  ${strong(`“${intent}”`)}`);
    const session = await buyer.scout.openSession({ intent, offerTimeoutSeconds: 10 });
    showInterpretation(say, session);

    heading(say, 'Offers');
    const offers = await buyer.scout.rankedOffers(session.session_id, {
      onOffers: (count) => say(dim(`  ${count} signed offer${count === 1 ? '' : 's'} arrived`)),
    });
    say(offersTable(offers));
    const [best] = offers;
    if (!best) throw new Error('no offer was ranked');
    say(`  ${best.match_explanation.summary}; risk factor ${best.match_explanation.risk_factor}`);

    heading(say, `Commitment: ${best.product.name} from ${best.merchant.name}`);
    const committed = await buyer.scout.commit(session.session_id, {
      offerId: best.offer_id,
      quantity: quantityOf(session),
      rail: RAIL,
      mandateId: buyer.mandateId,
      buyer: { name: 'Jane Doe', email: 'jane.doe@example.com' },
      shippingAddress: {
        line1: '123 Main Street',
        city: 'San Francisco',
        state: 'CA',
        postal_code: '94102',
        country: 'US',
      },
    });
    say(gateTable(committed.gate));
    const { amounts } = committed;
    say(
      `  subtotal ${amounts.subtotal} + shipping ${amounts.shipping} + tax ${amounts.tax} = ${strong(`${amounts.total} ${amounts.currency}`)}, clearing fee ${amounts.fee}`,
    );

    await clear(environment, committed, buyer.scout, merchants, best.beacon_id, names, say);
    const breaks = await reconcile(environment, http, names, say);
    say();
    say(
      dim(
        `  Temporal UI: ${uiUrl ?? '(none)'}${uiUrl ? `/namespaces/${environment.namespace}/workflows/${committed.transaction_id}` : ''}`,
      ),
    );
    say(
      dim(
        `  while the demo runs; search there by AgentId, PrincipalId, Rail, MarketState, ClearingState, AmountUsd, Profile`,
      ),
    );
    return { cleared: 1, completed: 1, breaks };
  } finally {
    shops.abort();
  }
}

async function introduce(environment: Environment, http: HttpOptions, say: Say) {
  const { platform, databaseUrl } = environment;
  heading(say, 'Who takes part');
  const issuers = await createIssuers(databaseUrl);
  const merchants = await createMerchants(platform, http, issuers);
  const buyer = await createBuyer(platform, http, issuers, { name: 'Jane Doe', rail: RAIL, number: 1 });
  const all = [buyer.principal, ...merchants.map(({ principal }) => principal)];
  say(
    table(
      ['principal', 'role', 'trust', 'because of'],
      all.map((principal, index) => [
        principal.name,
        index === 0 ? 'buyer' : 'seller',
        principal.trust_level,
        principal.trust_profile.credentials.map(({ summary }) => summary).join('\n'),
      ]),
    ),
  );
  say(dim(`  the buyer's bank accepted a request for payment up to 20,000.00 USD (pain.013 → pain.014)`));
  const names = new Map<string, string>([
    ...all.map((principal) => [principal.principal_id, principal.name] as const),
    ['aura', 'AURA'],
    ['rail:rtp', 'RTP'],
    ['rail:fednow', 'FedNow'],
  ]);
  return { merchants, buyer, names };
}

function showInterpretation(say: Say, { interpreted_request: request }: Session): void {
  if (!request) return;
  say(dim('  what the scout may see of the interpretation:'));
  say(
    table(
      ['words', 'understood as'],
      request.explanation.map(({ words, meaning }) => [words, meaning]),
    ),
  );
  say(dim('  what sellers see (never the sentence):'));
  say(`  ${request.category}: ${strong(request.natural_language_context.content)}`);
}

function quantityOf(session: Session): number {
  const constraints = session.interpreted_request?.constraints as
    { hard?: { quantity?: number } } | undefined;
  return constraints?.hard?.quantity ?? 1;
}

async function clear(
  environment: Environment,
  committed: Transaction,
  scout: Scout,
  merchants: readonly Merchant[],
  beaconId: string,
  names: ReadonlyMap<string, string>,
  say: Say,
): Promise<void> {
  heading(say, 'Clearing');
  let shown = 0;
  const show = ({ status_history: history }: Transaction) => {
    for (const step of history.slice(shown)) {
      const { transition, region, from, to, at } = step;
      say(
        `  ${dim(at.slice(11, 23))}  ${transition.padEnd(4)}${region.padEnd(9)} ${from ?? '–'} → ${strong(to)}`,
      );
    }
    shown = history.length;
  };
  const cleared = await scout.waitFor(
    committed.transaction_id,
    ({ clearing_status }) => clearing_status === 'cleared',
    {
      onChange: show,
      everyMs: 40,
    },
  );
  if (cleared.payment.proof) {
    say(
      `  proof ${cleared.payment.proof.proof_id} of ${cleared.payment.rail} ${cleared.payment.reference ?? ''}:`,
    );
    say(proofTable(cleared.payment.proof.checks));
  }
  await showLedger(
    environment,
    committed.transaction_id,
    names,
    say,
    'the deal on the ledger, paid and not yet delivered',
  );

  heading(say, "Delivery, then the seller's money");
  const merchant = merchants.find(({ beacon }) => beacon.agentId === beaconId);
  if (!merchant) throw new Error('the seller is not on stage');
  await merchant.beacon.reportDelivery(committed.transaction_id, { carrier: 'demo courier' });
  const paid = await merchant.beacon.waitFor(
    committed.transaction_id,
    ({ payout }) => payout?.status === 'proved',
    {
      onChange: show,
      everyMs: 40,
    },
  );
  say(
    `  payout ${paid.payout?.payout_id ?? ''}: ${strong(`${paid.payout?.amount ?? ''} ${paid.amounts.currency}`)} to ${merchant.name}, proved over ${paid.payment.rail}`,
  );
  await showLedger(
    environment,
    committed.transaction_id,
    names,
    say,
    'the deal on the ledger, completed; the margin stays for the dispute window',
  );
}

async function showLedger(
  { databaseUrl }: Environment,
  transactionId: string,
  names: ReadonlyMap<string, string>,
  say: Say,
  title: string,
): Promise<void> {
  const db = createDb({ url: databaseUrl, applicationName: 'aura-demo', poolMax: 1 });
  try {
    const balances = await dealBalances(db, transactionId);
    say(dim(`  ${title}:`));
    say(
      ledgerTable(
        balances.map(({ owner, kind, asset, balanceMinor }) => ({
          owner,
          kind,
          currency: asset,
          balance: formatMoney({ amountMinor: balanceMinor, asset }),
        })),
        names,
      ),
    );
  } finally {
    await db.destroy();
  }
}

async function reconcile(
  environment: Environment,
  http: HttpOptions,
  names: ReadonlyMap<string, string>,
  say: Say,
): Promise<number> {
  heading(say, 'Reconciliation with the rail’s own statement');
  const { operator: identity } = environment.platform;
  const operator = new Operator(http, identity.agentId, keyPairFrom(identity.secretKey));
  const run = await operator.reconcile(RAIL);
  const report = (await operator.reconciliationReport({ rail: RAIL })) as {
    ties: boolean;
    totals: {
      business_date: string;
      principal_id: string | null;
      lines: number;
      credits: string;
      debits: string;
      ledger_cash: string;
      difference: string;
      currency: string;
    }[];
    runs: { closing_balance: string | null; rail: string }[];
  };
  say(
    table(
      ['rail', 'day', 'principal', 'lines', 'credits', 'debits', 'ledger cash', 'difference'],
      report.totals.map((row) => [
        RAIL,
        row.business_date,
        names.get(row.principal_id ?? '') ?? '–',
        row.lines,
        row.credits,
        row.debits,
        row.ledger_cash,
        row.difference,
      ]),
      [3, 4, 5, 6, 7],
    ),
  );
  const cash = await cashAt(environment, RAIL);
  const closing = report.runs.find(({ rail }) => rail === RAIL)?.closing_balance ?? '–';
  say(
    `  ${run.lines} statement lines, ${run.open_breaks} breaks; the rail says ${strong(closing)}, the ledger's cash ${strong(cash)}`,
  );
  return run.open_breaks;
}

async function cashAt({ databaseUrl }: Environment, rail: string): Promise<string> {
  const db = createDb({ url: databaseUrl, applicationName: 'aura-demo', poolMax: 1 });
  try {
    const cash = (await allBalances(db)).find(
      ({ owner, kind }) => owner === `rail:${rail}` && kind === 'cash',
    );
    return cash ? formatMoney({ amountMinor: cash.balanceMinor, asset: cash.asset }) : '–';
  } finally {
    await db.destroy();
  }
}
