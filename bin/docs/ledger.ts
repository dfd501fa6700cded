/** The chart of accounts, and one sale worked through with the very functions that the clearinghouse posts with. */
import {
  ACCOUNT_KINDS,
  DEAL_ACCOUNT_KINDS,
  normalSide,
  type AccountKind,
} from '../../domain/ledger/accounts';
import type { Posting } from '../../domain/ledger/postings';
import {
  asset,
  deal,
  NETTING,
  onChain,
  OTHERWISE,
  rail,
  REFUNDS,
  REVERSALS,
  SALE,
  show,
  shown,
  STABLECOIN,
  type Row,
} from './ledger-rows';
import { page, table } from './markdown';

const MEANING: Readonly<Record<AccountKind, readonly [owner: string, meaning: string]>> = {
  cash: ['rail', "on AURA's account at the rail, by the rail's statement"],
  unreconciled: ['rail', 'proved by the rail, not on its statement yet'],
  obligation: ['buyer', 'owed by a buyer for deals that are not paid'],
  recoverable: ['party', 'owed back by a party after a reversal'],
  rail_fees: ['rail', 'kept by the rail'],
  collateral: ['party', 'free balance'],
  margin: ['party', 'set aside for open deals'],
  entitlement: ['seller', 'due to a seller once delivered and cleared'],
  fees_deferred: ['aura', 'fees of deals that are not released'],
  fees_earned: ['aura', 'fees of released deals'],
  refund_due: ['buyer', 'refunds that are not paid'],
  payout_pending: ['party', 'payouts on their way'],
  suspense: ['rail', 'money that came without an instruction it conforms to'],
  netting: ['party', 'multilateral netting'],
  default_fund: ['aura', 'contributions to the default fund'],
  capital: ['aura', "AURA's own"],
  par: ['aura', 'exchange at par between two assets'],
};

export function ledgerPage(): string {
  return page(
    'Ledger',
    'domain/ledger',
    'Double entry. An account is an owner, a kind and an asset; amounts are whole minor units. The database itself refuses an entry that does not balance, a change to anything posted, a second entry under the same key, and a balance of collateral or margin below zero.',
    '## Chart of accounts',
    chart(),
    '## A sale of 100.00',
    `The fee is ${show(deal.feeMinor)} and the seller's margin ${show(deal.sellerMarginMinor)}; the rail is ${rail}.`,
    entries(SALE),
    `Balances after each of these, each in its account's own direction. When the deal is over, its ${DEAL_ACCOUNT_KINDS.map((kind) => `\`${kind}\``).join(', ')} are zero.`,
    balances(),
    '## What else can be posted',
    entries(OTHERWISE),
    '## Refunds',
    entries(REFUNDS),
    '## Reversals and the default waterfall',
    'What a rail takes back is taken from the deal while it holds the money, then from the seller, and the rest is a debt. A debt is made up for at once by the debtor’s margin of this deal and its free balance and, when the call for the rest runs out, by the default fund and AURA’s capital, in this order.',
    entries(REVERSALS),
    '## Netting',
    'One buyer and one seller; see [netting](netting.md).',
    entries(NETTING),
    '## A deal that settles in a stablecoin',
    `The books are in ${asset}, the rail moves \`${onChain.settledAs}\`. Both are exchanged at par, digit for digit, so that each balances by itself.`,
    entries(STABLECOIN),
  );
}

function chart(): string {
  const posted = [SALE, OTHERWISE, REFUNDS, REVERSALS, NETTING, STABLECOIN].flat().map(([, entry]) => entry);
  const kinds = Object.keys(ACCOUNT_KINDS) as AccountKind[];
  return table(
    ['kind', 'grows by', 'owner', 'what lies on it', 'entries that touch it'],
    kinds.map((kind) => {
      const touching = posted.filter(({ postings }) => postings.some(({ account }) => account.kind === kind));
      const events = [...new Set(touching.map(({ event }) => event.replaceAll('_', ' ')))];
      return [`\`${kind}\``, normalSide(kind), ...MEANING[kind], events.join(', ') || 'none yet'];
    }),
  );
}

function entries(rows: readonly Row[]): string {
  return table(['when', 'debit', 'credit'], rows.map(entryRow));
}

function entryRow([when, { postings }]: Row): string[] {
  const side = (wanted: Posting['side']) =>
    postings
      .filter((posting) => posting.side === wanted)
      .map(
        ({ account, amountMinor }) => `${account.owner} ${account.kind} ${shown(amountMinor, account.asset)}`,
      )
      .join('<br>');
  return [when, side('debit'), side('credit')];
}

/** The running balances; an account's column begins where it is first used. */
function balances(): string {
  const running = new Map<string, bigint>();
  const after = SALE.map(([when, { postings }]) => {
    for (const { account, side, amountMinor } of postings) {
      const name = `${account.owner} ${account.kind}`;
      const change = side === normalSide(account.kind) ? amountMinor : -amountMinor;
      running.set(name, (running.get(name) ?? 0n) + change);
    }
    return { when, balances: new Map(running) };
  });
  const names = [...running.keys()];
  return table(
    ['after', ...names],
    after.map(({ when, balances: found }) => [
      when,
      ...names.map((name) => (found.has(name) ? show(found.get(name) ?? 0n) : '')),
    ]),
  );
}
