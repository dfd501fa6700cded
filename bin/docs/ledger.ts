/** The chart of accounts, and one sale worked through with the very functions that the clearinghouse posts with. */
import {
  ACCOUNT_KINDS,
  DEAL_ACCOUNT_KINDS,
  normalSide,
  type AccountKind,
} from '../../domain/ledger/accounts';
import {
  capitalContributed,
  depositProved,
  marginReleased,
  novation,
  novationUnwound,
  payoutProved,
  payoutRejected,
  payoutSent,
  receiptSentBack,
  release,
  sandboxGrant,
  settlementProved,
  statementLine,
  unknownReceipt,
  type Entry,
  type Posting,
} from '../../domain/ledger/postings';
import { bpsOf, formatMoney, parseMoney } from '../../domain/money';
import { costBps, PROFILES } from '../../domain/profiles';
import { page, table } from './markdown';

const asset = 'USD';
const rail = 'rtp';
const usd = (decimal: string) => parseMoney(decimal, asset).amountMinor;
const show = (amountMinor: bigint) => formatMoney({ amountMinor, asset });

const totalMinor = usd('100.00');
const deal = {
  transactionId: 'deal',
  buyer: 'buyer',
  seller: 'seller',
  asset,
  totalMinor,
  feeMinor: bpsOf(totalMinor, costBps(PROFILES.retail, 'clear', 'clearing')),
  buyerMarginMinor: 0n,
  sellerMarginMinor: usd('6.00'),
};
const payout = {
  payoutId: 'payout',
  principalId: deal.seller,
  asset,
  amountMinor: totalMinor - deal.feeMinor,
};

function bankLine(id: string, direction: 'credit' | 'debit', amountMinor: bigint, feeMinor = 0n): Entry {
  return statementLine({ lineId: id, transactionId: null, rail, asset, amountMinor, direction, feeMinor });
}

type Row = readonly [when: string, entry: Entry];

const SALE: readonly Row[] = [
  ['The books open', capitalContributed({ rail, asset, amountMinor: usd('1000.00') })],
  [
    'The seller pays collateral in',
    depositProved({ depositId: 'd', principalId: deal.seller, rail, asset, amountMinor: usd('20.00') }),
  ],
  ['… and the statement shows it', bankLine('1', 'credit', usd('20.00'))],
  ['T19, novation and margin', novation(deal)],
  ["T21, the rail's proof holds", settlementProved({ ...deal, rail })],
  ['T22, the statement shows it', bankLine('2', 'credit', totalMinor)],
  [
    'T8, delivered: release',
    release({
      ...deal,
      entitlementMinor: deal.totalMinor - deal.feeMinor,
      feesDeferredMinor: deal.feeMinor,
      reserveMinor: 0n,
    }),
  ],
  ['The payout is sent', payoutSent(payout)],
  ["… the rail's proof holds", payoutProved({ ...payout, rail })],
  ['… and the statement shows it', bankLine('3', 'debit', payout.amountMinor)],
  [
    'The last window ends',
    marginReleased({
      transactionId: deal.transactionId,
      principalId: deal.seller,
      step: 'last',
      asset,
      amountMinor: deal.sellerMarginMinor,
    }),
  ],
];

const receipt = { receiptId: 'deal', transactionId: 'deal', rail, asset, amountMinor: usd('90.00') };
const OTHERWISE: readonly Row[] = [
  ['X1 or X4 after T19: no deal after all', novationUnwound(deal)],
  ['The rail kept a fee of 2.90 of what came in', bankLine('4', 'credit', totalMinor, usd('2.90'))],
  ['It moved 90.00 instead of 100.00', unknownReceipt(receipt)],
  ['… which was sent back', receiptSentBack(receipt)],
  ['The payout was rejected', payoutRejected(payout)],
  ['Play money in the sandbox', sandboxGrant({ principalId: 'buyer', asset, amountMinor: usd('100.00') })],
  [
    '6.00 of the margin came out of the sale',
    release({
      ...deal,
      entitlementMinor: deal.totalMinor - deal.feeMinor,
      feesDeferredMinor: deal.feeMinor,
      reserveMinor: usd('6.00'),
    }),
  ],
];

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
    table(['when', 'debit', 'credit'], SALE.map(entryRow)),
    `Balances after each of these, each in its account's own direction. When the deal is over, its ${DEAL_ACCOUNT_KINDS.map((kind) => `\`${kind}\``).join(', ')} are zero.`,
    balances(),
    '## What else can be posted',
    table(['when', 'debit', 'credit'], OTHERWISE.map(entryRow)),
  );
}

function chart(): string {
  const entries = [...SALE, ...OTHERWISE].map(([, entry]) => entry);
  const kinds = Object.keys(ACCOUNT_KINDS) as AccountKind[];
  return table(
    ['kind', 'grows by', 'owner', 'what lies on it', 'entries that touch it'],
    kinds.map((kind) => {
      const touching = entries.filter(({ postings }) =>
        postings.some(({ account }) => account.kind === kind),
      );
      const events = [...new Set(touching.map(({ event }) => event.replaceAll('_', ' ')))];
      return [`\`${kind}\``, normalSide(kind), ...MEANING[kind], events.join(', ') || 'none yet'];
    }),
  );
}

function entryRow([when, { postings }]: Row): string[] {
  const side = (wanted: Posting['side']) =>
    postings
      .filter((posting) => posting.side === wanted)
      .map(({ account, amountMinor }) => `${account.owner} ${account.kind} ${show(amountMinor)}`)
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
