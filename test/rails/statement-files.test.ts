/** Statement files: read as a stream, and refused whole with the line and field named. */
import { newId } from '../../domain/ids';
import {
  readStatementFile,
  StatementFileError,
  type FileFormat,
  type FileLine,
  type FileProblem,
} from '../../rails/statements';
import { aReturnFile } from '../support/nacha-return';

const INSTRUCTION = newId('instruction');
const OTHER = newId('instruction');

async function read(text: string, format: FileFormat, chunk = 7) {
  const chunks = text.match(new RegExp(`[^]{1,${chunk}}`, 'g')) ?? [];
  const rail = format === 'card-csv' ? 'card' : format === 'nacha-return' ? 'ach' : 'rtp';
  const file = readStatementFile(chunks, { rail, network: 'NET', format });
  const lines: FileLine[] = [];
  for await (const line of file.lines()) lines.push(line);
  return { lines, summary: file.summary() };
}

async function refused(text: string, format: FileFormat): Promise<FileProblem> {
  const error: unknown = await read(text, format).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof StatementFileError) return error.problem;
  throw error instanceof Error ? error : new Error('the file was accepted');
}

const ENTRY = (change: Record<string, string> = {}) => {
  const parts: Record<string, string> = {
    Amt: '<Amt Ccy="USD">100.00</Amt>',
    CdtDbtInd: '<CdtDbtInd>CRDT</CdtDbtInd>',
    Sts: '<Sts><Cd>BOOK</Cd></Sts>',
    BookgDt: '<BookgDt><DtTm>2026-05-04T10:00:00-04:00</DtTm></BookgDt>',
    ValDt: '<ValDt><Dt>2026-05-04</Dt></ValDt>',
    AcctSvcrRef: '<AcctSvcrRef>REF-1</AcctSvcrRef>',
    Chrgs: '',
    BkTxCd: '<BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd>',
    NtryDtls: `<NtryDtls><TxDtls><Refs><EndToEndId>${INSTRUCTION}</EndToEndId></Refs></TxDtls></NtryDtls>`,
    ...change,
  };
  return `<Ntry>\n${Object.values(parts).join('\n')}\n</Ntry>`;
};

const CAMT = (
  entries: string[],
  closing = '1100.00',
  version = 'camt.053.001.08',
) => `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:${version}">
<BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId></GrpHdr>
<Stmt><Id>S1</Id><FrToDt><FrDtTm>2026-05-04T00:00:00-04:00</FrDtTm><ToDtTm>2026-05-05T00:00:00-04:00</ToDtTm></FrToDt>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="USD">1000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="USD">${closing}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
${entries.join('\n')}
</Stmt></BkToCstmrStmt></Document>`;

describe('camt', () => {
  test('gives lines, balances and the period', async () => {
    const { lines, summary } = await read(CAMT([ENTRY()]), 'camt.053');
    expect(lines).toEqual([
      {
        rail: 'rtp',
        network: 'NET',
        business_date: '2026-05-04',
        reference: 'REF-1',
        line: '0',
        direction: 'credit',
        amount_minor: '10000',
        fee_minor: '0',
        asset: 'USD',
        instruction_id: INSTRUCTION,
        booked_at: '2026-05-04T14:00:00.000Z',
        source_format: 'iso20022:camt.053.001.08',
      },
    ]);
    expect(summary).toEqual({
      openingMinor: 100_000n,
      closingMinor: 110_000n,
      asset: 'USD',
      from: '2026-05-04T04:00:00.000Z',
      to: '2026-05-05T04:00:00.000Z',
    });
  });

  test('knows batches, charges that are included, and entries that are charges', async () => {
    const details = [INSTRUCTION, OTHER]
      .map(
        (id, at) =>
          `<TxDtls><Refs><EndToEndId>${id}</EndToEndId></Refs><Amt Ccy="USD">${40 + at * 20}.00</Amt></TxDtls>`,
      )
      .join('');
    const batch = ENTRY({
      NtryDtls: `<NtryDtls>${details}</NtryDtls>`,
      AcctSvcrRef: '<AcctSvcrRef>BATCH</AcctSvcrRef>',
    });
    const charged = ENTRY({
      Amt: '<Amt Ccy="USD">97.10</Amt>',
      Chrgs: '<Chrgs><Rcrd><Amt Ccy="USD">2.90</Amt><ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>',
    });
    const charge = ENTRY({
      Amt: '<Amt Ccy="USD">5.00</Amt>',
      CdtDbtInd: '<CdtDbtInd>DBIT</CdtDbtInd>',
      BkTxCd:
        '<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>MDOP</Cd><SubFmlyCd>CHRG</SubFmlyCd></Fmly></Domn></BkTxCd>',
    });
    const pending = ENTRY({ Sts: '<Sts>PDNG</Sts>' });
    const { lines } = await read(CAMT([batch, charged, charge, pending], '1192.10'), 'camt.053');
    expect(lines).toMatchObject([
      {
        instruction_id: null,
        parts: [
          { instruction_id: INSTRUCTION, amount_minor: '4000' },
          { instruction_id: OTHER, amount_minor: '6000' },
        ],
      },
      { amount_minor: '10000', fee_minor: '290' },
      { direction: 'debit', amount_minor: '500', role: 'fee' },
    ]);
  });

  test('reads notifications too', async () => {
    const text = CAMT([ENTRY()], '1100.00', 'camt.054.001.08')
      .replaceAll('BkToCstmrStmt', 'BkToCstmrDbtCdtNtfctn')
      .replaceAll('Stmt>', 'Ntfctn>')
      .replace(/<Bal>.*<\/Bal>\n/g, '');
    const { lines, summary } = await read(text, 'camt.054');
    expect(lines).toHaveLength(1);
    expect(summary.closingMinor).toBeUndefined();
  });

  test.each<[string, string, Partial<FileProblem>]>([
    [
      'an amount that is none',
      CAMT([ENTRY({ Amt: '<Amt Ccy="USD">1.001</Amt>' })]),
      { line: 8, field: 'Ntry/Amt' },
    ],
    ['no direction', CAMT([ENTRY({ CdtDbtInd: '' })]), { line: 7, field: 'Ntry/CdtDbtInd' }],
    ['no reference', CAMT([ENTRY({ AcctSvcrRef: '' })]), { line: 7, field: 'Ntry/AcctSvcrRef' }],
    [
      'a day that is none',
      CAMT([ENTRY({ ValDt: '<ValDt><Dt>2026-02-30</Dt></ValDt>' })]),
      { line: 12, field: 'Ntry/ValDt' },
    ],
    ['balances that do not add up', CAMT([ENTRY()], '1100.01'), { line: 0, field: 'Bal' }],
    ['another message', CAMT([ENTRY()], '1100.00', 'camt.052.001.08'), { line: 1, field: 'Document' }],
    ['an entity', CAMT([ENTRY({ BkTxCd: '<BkTxCd>&boom;</BkTxCd>' })]), {}],
    ['a doctype', CAMT([ENTRY()]).replace('<Document', '<!DOCTYPE x><Document'), {}],
    ['an entry that does not end', CAMT([ENTRY()]).replace('</Ntry>', ''), { field: 'Ntry' }],
    ['a document that does not end', CAMT([ENTRY()]).replace('</Stmt>', ''), {}],
    ['nothing', '', { field: 'Document' }],
  ])('refuses %s', async (_, text, problem) => {
    expect(await refused(text, 'camt.053')).toMatchObject(problem);
  });
});

describe('card settlement reports', () => {
  const HEADER = 'date,reference,type,amount,fee,currency,instruction id,note';
  const CSV = (...rows: string[]) => [HEADER, ...rows, ''].join('\r\n');
  const ROW = `2026-05-04,cap_1,capture,100.00,2.90,USD,${INSTRUCTION},"a, b"`;

  test('give gross amounts with their fee', async () => {
    const { lines } = await read(
      CSV(ROW, '2026-05-05,chb_1,chargeback,100.00,15.00,USD,,', '2026-05-05,fee_1,fee,9.99,,USD,,'),
      'card-csv',
    );
    expect(lines).toMatchObject([
      {
        rail: 'card',
        reference: 'cap_1',
        line: '0',
        direction: 'credit',
        amount_minor: '10000',
        fee_minor: '290',
        instruction_id: INSTRUCTION,
        booked_at: '2026-05-04T12:00:00.000Z',
        source_format: 'card:csv/capture',
      },
      { direction: 'debit', fee_minor: '1500', instruction_id: null },
      { direction: 'debit', role: 'fee', amount_minor: '999' },
    ]);
  });

  test.each<[string, string, Partial<FileProblem>]>([
    ['a missing column', 'date,reference,type,amount\r\n', { line: 1, field: 'currency' }],
    ['a column twice', `${HEADER},date\r\n`, { line: 1, field: 'date' }],
    ['a date that is none', CSV(ROW, ROW.replace('2026-05-04', '2026-13-04')), { line: 3, field: 'date' }],
    ['an unknown type', CSV(ROW.replace('capture', 'gift')), { line: 2, field: 'type' }],
    ['too many digits', CSV(ROW.replace('100.00', '100.001')), { line: 2, field: 'amount' }],
    ['a negative amount', CSV(ROW.replace('100.00', '-100.00')), { line: 2, field: 'amount' }],
    ['a fee above the amount', CSV(ROW.replace('2.90', '200.00')), { line: 2, field: 'fee' }],
    ['a row that is too short', CSV(ROW, '2026-05-04,cap_2'), { line: 3, field: 'record' }],
    ['a quote that does not end', CSV(ROW, '"2026'), { field: 'record' }],
  ])('refuse %s', async (_, text, problem) => {
    expect(await refused(text, 'card-csv')).toMatchObject(problem);
  });
});

describe('NACHA returns', () => {
  const text = aReturnFile('990000100000042');

  test('are debits that name what comes back', async () => {
    const { lines } = await read(text, 'nacha-return', 1_000);
    expect(lines).toMatchObject([
      {
        rail: 'ach',
        business_date: '2026-05-06',
        reference: '021000020000001',
        direction: 'debit',
        amount_minor: '10000',
        original_reference: '990000100000042',
        source_format: 'nacha:return/R01',
      },
    ]);
  });

  test('are refused with their line and field', async () => {
    const [header = '', ...rest] = text.split('\n');
    expect(
      await refused([header, rest[0]?.replace('AURA', '    '), ...rest.slice(1)].join('\n'), 'nacha-return'),
    ).toMatchObject({
      line: 2,
    });
    expect(await refused('hello', 'nacha-return')).toMatchObject({ line: 1, field: 'record' });
  });
});
