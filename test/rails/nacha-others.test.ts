/** Another implementation, npm's nach2: what it writes is read here, what is written here passes its checks. */
import { readNacha, writeNacha } from '../../rails/nacha';
import { aForwardFile } from '../support/nacha-files';

interface Nach2 {
  File: new (options: object) => {
    addBatch(batch: object): void;
    generateFile(done: (text: string) => void): void;
  };
  Batch: new (options: object) => { addEntry(entry: object): void };
  Entry: new (options: object) => object;
}
type Check = (value: string) => true;
// eslint-disable-next-line @typescript-eslint/no-require-imports
const nach2 = require('nach2') as Nach2;
// eslint-disable-next-line @typescript-eslint/no-require-imports
const checks = require('nach2/lib/validate') as Record<string, Check>;

function writtenByNach2(): Promise<string> {
  const file = new nach2.File({
    immediateDestination: '99000010',
    immediateOrigin: '990000123',
    immediateDestinationName: 'SANDBOX BANK',
    immediateOriginName: 'AURA CLEARINGHOUSE',
    fileCreationDate: '261123',
    fileCreationTime: '0930',
    referenceCode: 'REF',
    batchSequenceNumber: 1,
  });
  const batch = new nach2.Batch({
    serviceClassCode: '220',
    companyName: 'AURA CLEARINGHSE',
    standardEntryClassCode: 'PPD',
    companyIdentification: '1990000123',
    companyEntryDescription: 'PAYOUT',
    companyDescriptiveDate: '261123',
    effectiveEntryDate: new Date(2026, 10, 24),
    originatingDFI: '99000010',
  });
  for (const [index, amount] of [100.5, 20].entries()) {
    batch.addEntry(
      new nach2.Entry({
        receivingDFI: '99000020',
        DFIAccount: `12345${index}`,
        amount: String(amount),
        idNumber: `ID${index}`,
        individualName: 'JANE SMITH',
        discretionaryData: 'A1',
        transactionCode: '22',
        addendaId: '0',
        traceNumber: `99000010000000${index + 1}`,
      }),
    );
  }
  file.addBatch(batch);
  return new Promise((resolve) => file.generateFile(resolve));
}

it('reads a file that another writer made', async () => {
  const { header, batches } = readNacha((await writtenByNach2()).replace(/\r\n/g, '\n'));
  expect(header.destinationName).toBe('SANDBOX BANK');
  expect(batches[0]?.header).toMatchObject({ entryClass: 'PPD', effectiveEntryDate: '2026-11-24' });
  expect(batches[0]?.entries.map(({ amountMinor }) => amountMinor)).toEqual([10_050n, 2_000n]);
});

it('writes what the other one finds in order', () => {
  const lines = writeNacha(aForwardFile()).trimEnd().split('\n');
  const part = (line: number, from: number, to: number) => lines[line]?.slice(from, to) ?? '';
  expect(checks.validateRoutingNumber?.(part(0, 4, 13))).toBe(true);
  expect(checks.validateACHServiceClassCode?.(part(1, 1, 4))).toBe(true);
  expect(checks.validateACHCode?.(part(2, 1, 3))).toBe(true);
  expect(checks.validateRoutingNumber?.(part(2, 3, 12))).toBe(true);
  expect(checks.validateACHAddendaTypeCode?.(part(3, 1, 3))).toBe(true);
  expect(checks.validateACHServiceClassCode?.(part(4, 1, 4))).toBe(true);
});
