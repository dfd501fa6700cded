import fc from 'fast-check';
import { ID_PREFIXES, idPattern, isId, newId, type IdKind } from '../../domain/ids';

const KINDS = Object.keys(ID_PREFIXES) as IdKind[];

describe('ids', () => {
  it.each([
    ['principal', 'prn'],
    ['scout', 'sct'],
    ['beacon', 'bcn'],
    ['session', 'ses'],
    ['request', 'req'],
    ['offer', 'ofr'],
    ['transaction', 'txn'],
    ['instruction', 'ins'],
    ['proof', 'prf'],
    ['dispute', 'dsp'],
    ['entry', 'ent'],
    ['reconciliation', 'rcn'],
    ['break', 'brk'],
    ['event', 'evt'],
    ['policy', 'pol'],
  ] as const)('a %s is a %s_ and a ULID', (kind, prefix) => {
    const id = newId(kind);
    expect(id).toMatch(new RegExp(`^${prefix}_[0-7][0-9A-HJKMNP-TV-Z]{25}$`));
    expect(isId(kind, id)).toBe(true);
    expect(idPattern(kind).test(id)).toBe(true);
  });

  it('have a prefix of their own for each kind', () => {
    expect(new Set(Object.values(ID_PREFIXES)).size).toBe(KINDS.length);
  });

  it('of one kind are not ids of another', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), fc.constantFrom(...KINDS), (made, asked) => {
        expect(isId(asked, newId(made))).toBe(made === asked);
      }),
    );
  });

  it('sort as they were made, and never repeat', () => {
    const made = Array.from({ length: 2_000 }, () => newId('event'));
    expect([...made].sort()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
  });

  it.each([
    ['too short', 'ofr_01HXYZ'],
    ['in lower case', 'ofr_01hxyz00000000000000000000'],
    ['with a letter ULIDs leave out', 'ofr_01HXYZ0000000000000000000U'],
    ['later than time goes', 'ofr_81HXYZ00000000000000000000'],
    ['with something behind', 'ofr_01HXYZ00000000000000000000\n'],
    ['without a prefix', '01HXYZ00000000000000000000'],
    ['that are no strings', 7],
    ['that are missing', undefined],
  ])('%s are refused, by the check and by the pattern', (_, value) => {
    expect(isId('offer', value)).toBe(false);
    expect(idPattern('offer').test(String(value))).toBe(false);
  });
});
