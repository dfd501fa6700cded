/** What a person sees: headings, tables and ticks. */
import Table from 'cli-table3';
import colors from 'picocolors';
import type { RankedOffer, Transaction } from '../../sdk';

export type Say = (text?: string) => void;

export function heading(say: Say, text: string): void {
  say();
  say(colors.bold(colors.cyan(`▌ ${text}`)));
}

export function table(
  head: string[],
  rows: (string | number)[][],
  rightAligned: readonly number[] = [],
): string {
  const made = new Table({
    head: head.map((text) => colors.bold(text)),
    colAligns: head.map((_text, index) => (rightAligned.includes(index) ? 'right' : 'left')),
    style: { head: [], border: colors.isColorSupported ? ['gray'] : [], compact: true },
  });
  made.push(...rows.map((row) => row.map(String)));
  return made.toString();
}

export const tick = (passed: boolean) => (passed ? colors.green('✔') : colors.red('✘'));
export const dim = (text: string) => colors.dim(text);
export const strong = (text: string) => colors.bold(text);

export function offersTable(offers: readonly RankedOffer[]): string {
  return table(
    ['#', 'product', 'seller', 'price', 'CWR', 'score', 'match', 'meaning', 'reputation'],
    offers.map((offer) => [
      offer.rank,
      offer.product.name,
      offer.merchant.name,
      `${offer.pricing.offer_price} ${offer.pricing.currency}`,
      offer.cwr_score.toFixed(1),
      strong(offer.score.toFixed(1)),
      offer.match_explanation.structured_match_score.toFixed(0),
      offer.match_explanation.semantic_similarity_score.toFixed(0),
      offer.merchant.reputation_score?.toFixed(1) ?? '',
    ]),
    [0, 3, 4, 5, 6, 7, 8],
  );
}

export function gateTable(gate: Transaction['gate']): string {
  return table(
    ['', 'step', 'what it saw'],
    gate.map(({ step, name, passed, detail }) => [
      tick(passed),
      `${step} ${name.replaceAll('_', ' ')}`,
      detail,
    ]),
  );
}

export function proofTable(checks: readonly { check: string; passed: boolean; detail: string }[]): string {
  return table(
    ['', 'check', 'found'],
    checks.map(({ check, passed, detail }) => [tick(passed), check, detail]),
  );
}

export function ledgerTable(ledger: Transaction['ledger'], names: ReadonlyMap<string, string>): string {
  return table(
    ['owner', 'account', 'balance'],
    ledger
      .filter(({ balance }) => !/^-?0(\.0+)?$/.test(balance))
      .map(({ owner, kind, balance, currency }) => [
        names.get(owner) ?? owner,
        kind.replaceAll('_', ' '),
        `${balance} ${currency}`,
      ]),
    [2],
  );
}
