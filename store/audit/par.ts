/** What the house takes in of one asset it gives out of the other, digit for digit. */
import { exponentOf, isAsset } from '../../domain/money';
import { atPar, isPegged } from '../../domain/par';
import { pages, tally, type Law } from './law';

/** The entries that have a `par` posting, and the accounts as a whole under no entry's id. */
const SUMS = `
  SELECT p.entry_id AS subject, a.asset,
    sum(CASE p.side WHEN 'credit' THEN p.amount_minor ELSE -p.amount_minor END) AS minor
  FROM postings p JOIN accounts a ON a.id = p.account_id WHERE a.kind = 'par' GROUP BY 1, 2
  UNION ALL
  SELECT 'par of ' || owner, asset, balance_minor FROM accounts WHERE kind = 'par'
  ORDER BY 1`;
const BASE = 'USD';

export const par: Law = {
  name: 'par-is-even',
  says: 'the par accounts of a currency and of the tokens pegged to it are equal and opposite, as are those of every entry',
  async check(trx) {
    const found = tally();
    let at: { subject: string; sumMinor: bigint; problem?: string } | undefined;
    const conclude = () => {
      if (at)
        found.add(
          at.subject,
          at.problem ?? (at.sumMinor === 0n ? undefined : `is off by ${at.sumMinor} ${BASE}`),
        );
    };
    for await (const page of pages<{ subject: string; asset: string; minor: string }>(trx, SUMS)) {
      for (const { subject, asset, minor } of page) {
        if (at?.subject !== subject) {
          conclude();
          at = { subject, sumMinor: 0n };
        }
        const worth = worthOf(asset, BigInt(minor));
        if (worth === undefined) at.problem ??= `${minor} ${asset} is worth no whole ${BASE}`;
        else at.sumMinor += worth;
      }
    }
    conclude();
    return found.finding();
  },
};

/** Minor units of the base; undefined for what is not pegged to it, or is no whole amount of it. */
function worthOf(asset: string, minor: bigint): bigint | undefined {
  if (asset === BASE) return minor;
  if (!isAsset(asset) || !isPegged(asset)) return undefined;
  const scale = 10n ** BigInt(Math.max(0, exponentOf(asset) - exponentOf(BASE)));
  return minor % scale === 0n ? atPar(minor, asset, BASE) : undefined;
}
