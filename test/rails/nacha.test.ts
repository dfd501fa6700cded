import fc from 'fast-check';
import { checkDigit, NachaError, readNacha, totalsOf, writeNacha, type NachaFile } from '../../rails/nacha';
import {
  alphameric,
  readCorrection,
  readRemittance,
  writeCorrection,
  writeRemittance,
} from '../../rails/nacha';
import { ACH_CHANGE_CODES, ACH_RETURN_CODES } from '../../domain/ach-returns';
import { aForwardFile, fileWith, nachaFiles } from '../support/nacha-files';

const linesOf = (text: string) => text.replace(/\n$/, '').split('\n');

/** The text with one character of one line replaced. */
function corrupted(text: string, line: number, column: number, by: string): string {
  const lines = linesOf(text);
  const found = lines[line] ?? '';
  lines[line] = found.slice(0, column) + by + found.slice(column + 1);
  return lines.join('\n');
}

function refusalOf(text: string): NachaError {
  try {
    readNacha(text);
  } catch (error) {
    if (error instanceof NachaError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

describe('NACHA files', () => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(nachaFiles, (file) => {
        expect(readNacha(writeNacha(file))).toEqual(file);
      }),
      { numRuns: 100 },
    );
  });

  it('writes whole blocks of ten lines of 94 characters', () => {
    fc.assert(
      fc.property(nachaFiles, (file) => {
        const lines = linesOf(writeNacha(file));
        expect(lines.length % 10).toBe(0);
        for (const line of lines) expect(line).toMatch(/^[\x20-\x7e]{94}$/);
      }),
      { numRuns: 50 },
    );
  });

  it('writes the records where the rules put them', () => {
    const lines = linesOf(writeNacha(aForwardFile()));
    expect(lines).toEqual([
      '101 990000107 9900001232611230930A094101SANDBOX BANK           AURA CLEARINGHOUSE             ',
      '5225AURA CLEARINGHSE                    AURA000001PPDAURA      261123261124   1990000100000001',
      '627990000204123456789        0000034990ATH000000000001JANE SMITH              1990000100000001',
      '705TRN*1*ins_01ARZ3NDEKTSV4RRFFQ69G5FAV\\                                           00010000001',
      '82250000020099000020000000034990000000000000AURA000001                         990000100000001',
      '9000001000001000000020099000020000000034990000000000000                                       ',
      ...Array.from({ length: 4 }, () => '9'.repeat(94)),
    ]);
  });

  it('refuses every corruption of a total, a hash or a count', () => {
    fc.assert(
      fc.property(nachaFiles, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 9 }), (file, pick, at, by) => {
        const text = writeNacha(file);
        const lines = linesOf(text);
        const controls = lines.flatMap((line, index) =>
          /^8|^9(?!9{93})/.test(line) ? [{ index, columns: line.startsWith('8') ? [4, 44] : [1, 55] }] : [],
        );
        const control = controls[pick % controls.length];
        const [from = 0, to = 0] = control?.columns ?? [];
        const column = from + (at % (to - from));
        const line = control?.index ?? 0;
        const digit = (Number(lines[line]?.[column]) + by) % 10;
        const error = refusalOf(corrupted(text, line, column, String(digit)));
        expect(error.line).toBe(line + 1);
        expect(error.field).not.toBe('');
      }),
      { numRuns: 300 },
    );
  });

  it('refuses every changed amount, bank and direction of an entry', () => {
    const text = writeNacha(aForwardFile());
    const columns = Array.from({ length: 10 }, (_, index) => index + 2).concat([29, 30, 33, 37, 38]);
    for (const column of columns) {
      const digit = (Number(linesOf(text)[2]?.[column]) + 1) % 10;
      expect(refusalOf(corrupted(text, 2, column, String(digit)))).toBeInstanceOf(NachaError);
    }
  });

  it.each([
    [0, 1, '2', 'priorityCode'],
    [0, 25, '9', 'creationDate'],
    [0, 29, '9', 'creationTime'],
    [0, 33, 'a', 'fileIdModifier'],
    [0, 36, '5', 'recordSize'],
    [1, 1, '3', 'serviceClass'],
    [1, 50, 'X', 'entryClass'],
    [1, 78, '0', 'originatorStatus'],
    [2, 2, '9', 'transactionCode'],
    [2, 3, '8', 'receivingRouting'],
    [2, 30, 'x', 'amountMinor'],
    [2, 78, '0', 'addendaIndicator'],
    [2, 80, '8', 'trace'],
    [3, 2, '6', 'typeCode'],
    [3, 86, '2', 'sequence'],
    [3, 93, '2', 'entrySequence'],
    [4, 93, '2', 'batchNumber'],
    [7, 10, '8', 'filler'],
  ])('names line and field: line %i, column %i', (line, column, by, field) => {
    const error = refusalOf(corrupted(writeNacha(aForwardFile()), line, column, by));
    expect(error).toMatchObject({ line: line + 1, field });
    expect(error.message).not.toContain('123456789');
  });

  it('refuses files cut short, filled up too far, or with lines of another length', () => {
    const lines = linesOf(writeNacha(aForwardFile()));
    expect(refusalOf(lines.slice(0, -1).join('\n')).field).toBe('file');
    expect(refusalOf([...lines, ...lines.slice(-1)].join('\n')).field).toBe('file');
    expect(refusalOf([...lines, ...Array<string>(10).fill('9'.repeat(94))].join('\n')).field).toBe('filler');
    expect(refusalOf(lines.map((line) => line.slice(0, 93)).join('\n')).field).toBe('record');
    expect(refusalOf('').field).toBe('file');
    const doubled = [...lines.slice(0, 3), lines[2] ?? '', ...lines.slice(3, -1)];
    expect(refusalOf(doubled.join('\n')).field).toBe('addendaIndicator');
  });

  it('writes nothing that it would refuse', () => {
    const entry = aForwardFile().batches[0]?.entries[0];
    if (!entry) throw new Error('no entry');
    expect(() => writeNacha(fileWith({ ...entry, amountMinor: 0n }))).toThrow(NachaError);
    expect(() => writeNacha(fileWith({ ...entry, amountMinor: 10_000_000_000n }))).toThrow(NachaError);
    expect(() => writeNacha(fileWith({ ...entry, individualName: 'José' }))).toThrow(NachaError);
    expect(() => writeNacha(fileWith({ ...entry, receivingRouting: '990000200' }))).toThrow(NachaError);
    expect(() => writeNacha(fileWith({ ...entry, transactionCode: '22' }))).toThrow(NachaError);
    expect(() =>
      writeNacha({ ...aForwardFile(), batches: [{ ...batchOf(aForwardFile()), entries: [] }] }),
    ).toThrow(NachaError);
  });

  it('keeps hashes to ten digits', () => {
    const entry = batchOf(aForwardFile()).entries[0];
    if (!entry) throw new Error('no entry');
    const many = Array.from({ length: 150 }, (_, index) => ({
      ...entry,
      trace: `99000010${String(index + 1).padStart(7, '0')}`,
    }));
    const file: NachaFile = { ...aForwardFile(), batches: [{ ...batchOf(aForwardFile()), entries: many }] };
    expect(totalsOf(many).entryHash).toBe((150 * 99_000_020) % 10_000_000_000);
    expect(readNacha(writeNacha(file))).toEqual(file);
  });
});

function batchOf(file: NachaFile) {
  const batch = file.batches[0];
  if (!batch) throw new Error('no batch');
  return batch;
}

describe('what files carry', () => {
  it('knows the check digit of a routing number', () => {
    expect(checkDigit('99000020')).toBe(4);
    expect(checkDigit('02100002')).toBe(1);
    expect(checkDigit('09140060')).toBe(6);
  });

  it('puts names into letters that the format has', () => {
    expect(alphameric('José Ñandú & Søns', 22)).toBe('Jose Nandu & S ns');
    expect(alphameric('Smith & Sons <Ltd> of Somewhere', 22)).toBe('Smith & Sons <Ltd> of');
  });

  it('quotes the instruction, and what a return gives back, in the addenda', () => {
    const own = { instructionId: 'ins_01ARZ3NDEKTSV4RRFFQ69G5FAV', returnsReference: '990000100000001' };
    expect(writeRemittance(own).length).toBeLessThanOrEqual(80);
    expect(readRemittance(writeRemittance(own))).toEqual(own);
    expect(readRemittance('TRN*1*a*b\\')).toBeUndefined();
    expect(readRemittance('rent for May')).toBeUndefined();
  });

  it.each([
    ['C01', { accountNumber: '9876543210' }],
    ['C02', { routingNumber: '990000204' }],
    ['C03', { routingNumber: '990000204', accountNumber: '98765' }],
    ['C04', { holderName: 'JANE JONES' }],
    ['C05', { accountType: 'savings' }],
    ['C06', { accountNumber: '98765', accountType: 'checking' }],
    ['C07', { routingNumber: '990000204', accountNumber: '98765', accountType: 'savings' }],
  ] as const)('reads what %s corrects', (code, correction) => {
    const data = writeCorrection(code, correction, 'debit');
    expect(data.length).toBeLessThanOrEqual(29);
    expect(readCorrection(code, data)).toEqual(correction);
  });

  it('takes nothing over from a correction that is not in order', () => {
    expect(readCorrection('C02', '990000200')).toBeUndefined();
    expect(readCorrection('C01', '')).toBeUndefined();
    expect(readCorrection('C05', '99')).toBeUndefined();
    expect(readCorrection('C10', 'SOME NAME')).toBeUndefined();
    expect(() => writeCorrection('C01', {}, 'debit')).toThrow(RangeError);
    expect(ACH_CHANGE_CODES).toHaveLength(14);
    expect(ACH_RETURN_CODES).toContain('R29');
  });
});
