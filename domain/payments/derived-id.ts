/** Ids that follow from what they are for, so that whoever asks again speaks of the same thing. */
import { canonicalHash } from '../canonical';
import { ID_PREFIXES, type IdKind } from '../ids';

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 26;

/** An id of that kind which is the same for the same parts, and for no others. */
export function derivedId(kind: IdKind, parts: readonly string[]): string {
  // 130 bits fill the form; the first letter stands for three of them only.
  let bits = BigInt(`0x${canonicalHash({ kind, parts })}`) >> 126n;
  let text = '';
  for (let place = 0; place < LENGTH; place++) {
    const symbol = place === LENGTH - 1 ? bits & 7n : bits & 31n;
    text = (CROCKFORD[Number(symbol)] ?? '') + text;
    bits >>= 5n;
  }
  return `${ID_PREFIXES[kind]}_${text}`;
}
