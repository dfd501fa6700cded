/** One deal, told as it happens: from a sentence to a reconciled payout. */
import { allBalances } from '../../store/ledger';
import { formatMoney } from '../../domain/money';
import { RAIL_TERMS } from '../../domain/rail-terms';
import type { RailName } from '../../domain/settlement';
import { createDb } from '../../store/db';
import type { Session, Transaction } from '../../sdk';
import type { Environment } from '../environment';
import { dim, gateTable, heading, offersTable, proofTable, strong, table, type Say } from './print';
import { DEFAULT_INTENT, setStage, type Chosen, type Stage } from './stage';

export { DEFAULT_INTENT };

export interface StoryOptions {
  environment: Environment;
  intent: string;
  rail: RailName;
  say: Say;
  uiUrl: string | null;
}

export interface StoryResult {
  cleared: number;
  completed: number;
  breaks: number;
}

/** How long a settlement takes at most, on a busy machine: a chain's twelve blocks, a few short banking days. */
const SETTLED_MS = 90_000;

export async function tellStory({
  environment,
  intent,
  rail,
  say,
  uiUrl,
}: StoryOptions): Promise<StoryResult> {
  heading(say, 'Who takes part');
  const stage = await setStage({ environment, rails: [rail], say });
  try {
    introduce(stage, rail);
    heading(say, 'The intent');
    say(`  ${strong(`“${intent}”`)}`);
    const chosen = await stage.choose(intent);
    showInterpretation(say, chosen.session);
    heading(say, 'Offers');
    say(offersTable(chosen.offers));
    const { offer } = chosen;
    say(`  ${offer.match_explanation.summary}; risk factor ${offer.match_explanation.risk_factor}`);

    heading(say, `Commitment: ${offer.product.name} from ${offer.merchant.name}, paid over ${rail}`);
    const committed = await stage.commit(chosen, rail);
    say(gateTable(committed.gate));
    const { amounts } = committed;
    say(
      `  subtotal ${amounts.subtotal} + shipping ${amounts.shipping} + tax ${amounts.tax} = ${strong(`${amounts.total} ${amounts.currency}`)}, clearing fee ${amounts.fee}`,
    );
    await clear(stage, committed, rail);
    await deliver(stage, chosen, committed);
    const breaks = await reconcile(stage, rail);
    showLinks(say, uiUrl, environment.namespace, committed.transaction_id);
    return { cleared: 1, completed: 1, breaks };
  } finally {
    stage.close();
  }
}

function introduce({ buyer, merchants, say }: Stage, rail: RailName): void {
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
  const { accountForm, finality } = RAIL_TERMS[rail];
  const pays = {
    bank: 'from a bank account',
    card: 'by card',
    wallet: 'from a wallet, signing each transfer',
  };
  say(dim(`  the buyer pays ${pays[accountForm]}; what ${rail} settles is ${finality}`));
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

async function clear(stage: Stage, committed: Transaction, rail: RailName): Promise<void> {
  const { say } = stage;
  heading(say, 'Clearing');
  const id = committed.transaction_id;
  const settled = ({ clearing_status: state }: Transaction) => state === 'settled' || state === 'cleared';
  await stage.watch(id, settled, SETTLED_MS);
  const cleared = await stage.untilCleared(id, rail);
  const { proof, reference } = cleared.payment;
  if (proof) {
    say(`  proof ${proof.proof_id} of ${rail} ${reference ?? ''}:`);
    say(proofTable(proof.checks));
  }
  await stage.ledger(id, 'the deal on the ledger, paid and not yet delivered');
}

async function deliver(stage: Stage, { merchant }: Chosen, committed: Transaction): Promise<void> {
  const { say } = stage;
  heading(say, "Delivery, then the seller's money");
  const id = committed.transaction_id;
  await merchant.beacon.reportDelivery(id, { carrier: 'demo courier' });
  await stage.watch(id, ({ status }) => status === 'completed');
  const paid = await merchant.beacon.waitFor(id, ({ payout }) => payout?.status === 'proved', {
    timeoutMs: SETTLED_MS,
  });
  say(
    `  payout ${paid.payout?.payout_id ?? ''}: ${strong(`${paid.payout?.amount ?? ''} ${paid.amounts.currency}`)} to ${merchant.name}, proved`,
  );
  await stage.ledger(id, 'the deal on the ledger, completed; the margin stays for the dispute window');
}

async function reconcile({ operator, names, say, environment }: Stage, rail: RailName): Promise<number> {
  heading(say, 'Reconciliation with the rail’s own statement');
  const run = await operator.reconcile(rail);
  const report = (await operator.reconciliationReport({ rail })) as {
    totals: {
      business_date: string;
      principal_id: string | null;
      lines: number;
      credits: string;
      debits: string;
      ledger_cash: string;
      difference: string;
    }[];
  };
  say(
    table(
      ['rail', 'day', 'principal', 'lines', 'credits', 'debits', 'ledger cash', 'difference'],
      report.totals.map((row) => [
        rail,
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
  say(
    `  ${run.lines} statement lines, ${run.open_breaks} breaks; the ledger's cash at ${rail} is ${strong(await cashAt(environment, rail))}`,
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

function showLinks(say: Say, uiUrl: string | null, namespace: string, workflowId: string): void {
  say();
  say(dim(`  Temporal UI: ${uiUrl ? `${uiUrl}/namespaces/${namespace}/workflows/${workflowId}` : '(none)'}`));
  say(
    dim(
      `  while the demo runs; search there by AgentId, PrincipalId, Rail, MarketState, ClearingState, AmountUsd, Profile`,
    ),
  );
}
