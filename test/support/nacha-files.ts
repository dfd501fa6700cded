/** NACHA files as tests need them: one plain one, and any at all. */
import fc from 'fast-check';
import {
  checkDigit,
  transactionCodeOf,
  type Addenda,
  type Batch,
  type Entry,
  type NachaFile,
} from '../../rails/nacha';

export function aForwardFile(): NachaFile {
  return {
    header: {
      immediateDestination: '990000107',
      immediateOrigin: '990000123',
      creationDate: '2026-11-23',
      creationTime: '09:30',
      fileIdModifier: 'A',
      destinationName: 'SANDBOX BANK',
      originName: 'AURA CLEARINGHOUSE',
      referenceCode: '',
    },
    batches: [
      {
        header: {
          serviceClass: '225',
          companyName: 'AURA CLEARINGHSE',
          companyDiscretionaryData: '',
          companyId: 'AURA000001',
          entryClass: 'PPD',
          entryDescription: 'AURA',
          descriptiveDate: '261123',
          effectiveEntryDate: '2026-11-24',
          settlementDay: '',
          originatingBank: '99000010',
          batchNumber: 1,
        },
        entries: [
          {
            transactionCode: '27',
            receivingRouting: '990000204',
            accountNumber: '123456789',
            amountMinor: 34_990n,
            individualId: 'ATH000000000001',
            individualName: 'JANE SMITH',
            discretionaryData: '',
            trace: '990000100000001',
            addenda: { type: '05', information: 'TRN*1*ins_01ARZ3NDEKTSV4RRFFQ69G5FAV\\' },
          },
        ],
      },
    ],
  };
}

/** The plain file with another entry. */
export function fileWith(entry: Entry): NachaFile {
  const file = aForwardFile();
  return { ...file, batches: file.batches.map((batch) => ({ ...batch, entries: [entry] })) };
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -&.*\\/abcdefghijklmnopqrstuvwxyz';

const textUpTo = (length: number, min = 0) =>
  fc
    .string({ unit: fc.constantFrom(...ALPHABET), minLength: min, maxLength: length })
    .map((value) => value.trimEnd())
    .filter((value) => value.trim().length >= min);
const digitsOf = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: length, maxLength: length });
const routings = digitsOf(8).map((bank) => `${bank}${checkDigit(bank)}`);
const dates = fc
  .date({ min: new Date('2020-01-01'), max: new Date('2090-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

type Kind = 'forward' | 'return' | 'change';

const addendas = (kind: Kind): fc.Arbitrary<Addenda | undefined> => {
  const original = { originalTrace: digitsOf(15), originalReceivingBank: digitsOf(8) };
  if (kind === 'forward')
    return fc.option(fc.record({ type: fc.constant('05' as const), information: textUpTo(80) }), {
      nil: undefined,
    });
  if (kind === 'return')
    return fc.record({
      type: fc.constant('99' as const),
      returnCode: fc.constantFrom('R01', 'R10', 'R29'),
      dateOfDeath: fc.constant(''),
      information: textUpTo(44),
      ...original,
    });
  return fc.record({
    type: fc.constant('98' as const),
    changeCode: fc.constantFrom('C01', 'C05'),
    correctedData: textUpTo(29, 1),
    ...original,
  });
};

const entries = (kind: Kind): fc.Arbitrary<Omit<Entry, 'trace'>> =>
  fc
    .record({
      accountType: fc.constantFrom('checking' as const, 'savings' as const),
      direction: fc.constantFrom('debit' as const, 'credit' as const),
      receivingRouting: routings,
      accountNumber: textUpTo(17, 1),
      amountMinor: kind === 'change' ? fc.constant(0n) : fc.bigInt({ min: 1n, max: 9_999_999_999n }),
      individualId: textUpTo(15),
      individualName: textUpTo(22, 1),
      discretionaryData: textUpTo(2),
      addenda: addendas(kind),
    })
    .map(({ accountType, direction, addenda, ...rest }) => ({
      ...rest,
      transactionCode: transactionCodeOf(accountType, direction, kind === 'forward'),
      ...(addenda ? { addenda } : {}),
    }));

const batches = (number: number): fc.Arbitrary<Batch> =>
  fc.constantFrom('forward' as const, 'return' as const, 'change' as const).chain((kind) =>
    fc
      .record({
        header: fc.record({
          serviceClass: fc.constant('200' as const),
          companyName: textUpTo(16, 1),
          companyDiscretionaryData: textUpTo(20),
          companyId: textUpTo(10, 1),
          entryClass:
            kind === 'change' ? fc.constant('COR' as const) : fc.constantFrom('PPD' as const, 'CCD' as const),
          entryDescription: textUpTo(10, 1),
          descriptiveDate: textUpTo(6),
          effectiveEntryDate: dates,
          settlementDay: fc.constantFrom('', '001', '328'),
          originatingBank: digitsOf(8),
          batchNumber: fc.constant(number),
        }),
        entries: fc.array(entries(kind), { minLength: 1, maxLength: 5 }),
      })
      .map(({ header, entries: made }) => ({
        header,
        entries: made.map((entry, index) => ({
          ...entry,
          trace: `${header.originatingBank}${String(index + 1).padStart(7, '0')}`,
        })),
      })),
  );

export const nachaFiles: fc.Arbitrary<NachaFile> = fc.record({
  header: fc.record({
    immediateDestination: routings,
    immediateOrigin: routings,
    creationDate: dates,
    creationTime: fc
      .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
      .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':')),
    fileIdModifier: fc.constantFrom('A', 'Z', '0', '9'),
    destinationName: textUpTo(23, 1),
    originName: textUpTo(23, 1),
    referenceCode: textUpTo(8),
  }),
  batches: fc
    .array(fc.nat(), { maxLength: 4 })
    .chain((numbers) => fc.tuple(...numbers.map((_, index) => batches(index + 1)))),
});
