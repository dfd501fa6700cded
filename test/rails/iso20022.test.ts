import fc from 'fast-check';
import { newId } from '../../domain/ids';
import { businessDate, PROFILES } from '../../rails/instant';
import {
  camt054,
  Iso20022Error,
  pacs002,
  pacs008,
  parseMessage,
  transferMessageId,
  uetrOf,
  type CreditTransfer,
  type StatusReport,
} from '../../rails/iso20022';

const agent = (routing: string) => ({ FinInstnId: { ClrSysMmbId: { MmbId: routing } } });
const account = (number: string) => ({ Id: { Othr: { Id: number } } });

function aCreditTransfer(amountMinor = 34_990n, name = 'Smith & Sons'): CreditTransfer {
  const id = newId('instruction');
  return {
    GrpHdr: {
      MsgId: transferMessageId(id),
      CreDtTm: '2026-11-21T08:00:00.000Z',
      NbOfTxs: 1,
      SttlmInf: { SttlmMtd: 'CLRG', ClrSys: { Cd: 'TCH' } },
    },
    CdtTrfTxInf: {
      PmtId: { InstrId: id, EndToEndId: id, UETR: uetrOf(id) },
      PmtTpInf: { LclInstrm: { Prtry: 'STANDARD' } },
      IntrBkSttlmAmt: { amountMinor, asset: 'USD' },
      IntrBkSttlmDt: '2026-11-21',
      ChrgBr: 'SLEV',
      InstgAgt: agent('990000103'),
      InstdAgt: agent('990000200'),
      Dbtr: { Nm: name },
      DbtrAcct: account('1'),
      DbtrAgt: agent('990000103'),
      CdtrAgt: agent('990000200'),
      Cdtr: { Nm: 'AURA' },
      CdtrAcct: account('2'),
      RmtInf: { Ustrd: '/CMT/00' },
    },
  };
}

const aStatusReport = (): StatusReport => ({
  GrpHdr: { MsgId: 'm1', CreDtTm: '2026-11-21T03:00:00-05:00' },
  TxInfAndSts: {
    OrgnlInstrId: 'i1',
    OrgnlEndToEndId: 'i1',
    TxSts: 'RJCT',
    StsRsnInf: [{ Rsn: { Cd: 'AC03' }, AddtlInf: 'closed' }],
    InstgAgt: agent('990000019'),
    InstdAgt: agent('990000103'),
    OrgnlTxRef: { IntrBkSttlmAmt: { amountMinor: 1n, asset: 'USD' }, IntrBkSttlmDt: '2026-11-21' },
  },
});

/** The error a document is refused with; anything else that is thrown fails the test. */
function refusal(xml: string): Iso20022Error {
  try {
    parseMessage(xml);
  } catch (error) {
    if (error instanceof Iso20022Error) return error;
    throw error;
  }
  throw new Error('the document was accepted');
}

describe('writing and reading', () => {
  it('reads back what it wrote', () => {
    const body = aCreditTransfer();
    expect(parseMessage(pacs008.build(body))).toEqual({ name: 'pacs.008.001.08', body });
    expect(pacs002.parse(pacs002.build(aStatusReport()))).toEqual(aStatusReport());
  });

  it('writes the namespace, the order of the schema and the amount with its currency', () => {
    const xml = pacs008.build(aCreditTransfer());
    expect(xml).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><GrpHdr><MsgId>/,
    );
    expect(xml).toContain('<IntrBkSttlmAmt Ccy="USD">349.90</IntrBkSttlmAmt><IntrBkSttlmDt>');
    expect(xml).toContain('<Nm>Smith &amp; Sons</Nm>');
  });

  it('keeps any amount and any name exactly', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
      .filter((text) => text.trim() !== '');
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 17n }), name, (amountMinor, holder) => {
        const body = aCreditTransfer(amountMinor, holder);
        expect(pacs008.parse(pacs008.build(body))).toEqual(body);
      }),
    );
  });

  it('reads a report as FedNow writes it', () => {
    const xml = `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.002.001.10" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <FIToFIPmtStsRpt>
    <GrpHdr><MsgId>20261121990000022A</MsgId><CreDtTm>2026-11-21T10:55:32-05:00</CreDtTm></GrpHdr>
    <TxInfAndSts>
      <OrgnlGrpInf>
        <OrgnlMsgId>M1</OrgnlMsgId><OrgnlMsgNmId>pacs.008.001.08</OrgnlMsgNmId>
        <OrgnlCreDtTm>2026-11-21T10:55:26-05:00</OrgnlCreDtTm>
      </OrgnlGrpInf>
      <OrgnlInstrId>I1</OrgnlInstrId>
      <OrgnlEndToEndId>E1</OrgnlEndToEndId>
      <OrgnlUETR>8a562c67-ca16-48ba-b074-65581be6f011</OrgnlUETR>
      <TxSts>ACSC</TxSts>
      <AccptncDtTm>2026-11-21T10:55:32-05:00</AccptncDtTm>
      <FctvIntrBkSttlmDt><Dt>2026-11-21</Dt></FctvIntrBkSttlmDt>
      <InstgAgt><FinInstnId><ClrSysMmbId><ClrSysId><Cd>USABA</Cd></ClrSysId><MmbId>021150706</MmbId></ClrSysMmbId></FinInstnId></InstgAgt>
      <InstdAgt><FinInstnId><ClrSysMmbId><ClrSysId><Cd>USABA</Cd></ClrSysId><MmbId>011104238</MmbId></ClrSysMmbId></FinInstnId></InstdAgt>
    </TxInfAndSts>
  </FIToFIPmtStsRpt>
</Document>`;
    expect(pacs002.parse(xml).TxInfAndSts).toMatchObject({ TxSts: 'ACSC', OrgnlEndToEndId: 'E1' });
  });

  it('refuses to write what the schema forbids', () => {
    const body = aCreditTransfer();
    expect(() => pacs008.build(aCreditTransfer(1n, 'x'.repeat(141)))).toThrow(Iso20022Error);
    expect(() => pacs008.build(aCreditTransfer(1n, 'bell\u0007'))).toThrow(Iso20022Error);
    expect(() => pacs008.build(aCreditTransfer(-1n))).toThrow(Iso20022Error);
    expect(() =>
      pacs008.build({ ...body, CdtTrfTxInf: { ...body.CdtTrfTxInf, IntrBkSttlmDt: '2026-06-31' } }),
    ).toThrow('/Document/FIToFICstmrCdtTrf/CdtTrfTxInf/IntrBkSttlmDt');
  });

  it('has pages of entries', () => {
    const xml = camt054.build({
      GrpHdr: { MsgId: 'm', CreDtTm: '2026-11-21T08:00:00Z', MsgPgntn: { PgNb: 2, LastPgInd: false } },
      Ntfctn: { Id: 'n', CreDtTm: '2026-11-21T08:00:00Z', Acct: account('1'), Ntry: [] },
    });
    expect(camt054.parse(xml).GrpHdr.MsgPgntn).toEqual({ PgNb: 2, LastPgInd: false });
  });
});

describe('what is not a message', () => {
  const body = (inner: string) =>
    `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.002.001.10"><FIToFIPmtStsRpt>${inner}</FIToFIPmtStsRpt></Document>`;

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['JSON', '{"a":1}'],
    ['an open element', '<Document><A></Document>'],
    ['two roots', '<Document/><Document/>'],
    ['a doctype', '<!DOCTYPE Document><Document/>'],
    ['an external entity', '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document>&x;</Document>'],
    [
      'a billion laughs',
      `<!DOCTYPE d [<!ENTITY a "ha">${'bcdefgh'
        .split('')
        .map((name) => `<!ENTITY ${name} "&a;&a;&a;&a;&a;&a;&a;&a;">`)
        .join('')}]><Document>&h;</Document>`,
    ],
    ['an unknown entity', body('<GrpHdr><MsgId>&x;</MsgId></GrpHdr>')],
    ['an unfinished reference', body('<GrpHdr><MsgId>a & b</MsgId></GrpHdr>')],
    ['a forbidden reference', body('<GrpHdr><MsgId>&#0;</MsgId></GrpHdr>')],
    ['CDATA', body('<GrpHdr><MsgId><![CDATA[x]]></MsgId></GrpHdr>')],
    ['a comment', body('<!-- x -->')],
    ['a processing instruction', body('<?php x ?>')],
    ['another namespace', '<Document xmlns="urn:example"><A/></Document>'],
    [
      'an unknown message',
      '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.999.001.01"><A/></Document>',
    ],
    ['a name of the object prototype', body('<__proto__><a>1</a></__proto__>')],
    ['deep nesting', `${'<a>'.repeat(10_000)}${'</a>'.repeat(10_000)}`],
    ['too much', `<Document>${'x'.repeat(2_000_001)}</Document>`],
    ['a control character', body('<GrpHdr><MsgId>\u0000</MsgId></GrpHdr>')],
    ['half a surrogate pair', body('<GrpHdr><MsgId>\ud800</MsgId></GrpHdr>')],
  ])('refuses %s', (_what, xml) => {
    refusal(xml);
  });
});

describe('a message that its schema does not allow', () => {
  const good = () => pacs002.build(aStatusReport());
  const header = '/Document/FIToFIPmtStsRpt/GrpHdr';
  const transaction = '/Document/FIToFIPmtStsRpt/TxInfAndSts';
  it.each([
    ['a duplicate element', '<MsgId>m1</MsgId>', '<MsgId>m1</MsgId><MsgId>m2</MsgId>', `${header}/MsgId`],
    [
      'an element out of order',
      '<TxSts>RJCT</TxSts>',
      '<StsId>1</StsId><TxSts>RJCT</TxSts>',
      `${transaction}/TxSts`,
    ],
    ['a missing element', '<MsgId>m1</MsgId>', '', `${header}/MsgId`],
    ['an unknown status', '>RJCT<', '>MAYB<', `${transaction}/TxSts`],
    ['a negative amount', '>0.01<', '>-0.01<', `${transaction}/OrgnlTxRef/IntrBkSttlmAmt`],
    ['too many decimals', '>0.01<', '>0.011<', `${transaction}/OrgnlTxRef/IntrBkSttlmAmt`],
    ['an exponent', '>0.01<', '>1e2<', `${transaction}/OrgnlTxRef/IntrBkSttlmAmt`],
    ['an unknown currency', '"USD"', '"ZZZ"', `${transaction}/OrgnlTxRef/IntrBkSttlmAmt`],
    ['another attribute', ' Ccy=', ' ccy="USD" Ccy=', `${transaction}/OrgnlTxRef/IntrBkSttlmAmt`],
    ['a time without offset', '-05:00', '', `${header}/CreDtTm`],
    ['an id that is too long', '>m1<', `>${'m'.repeat(36)}<`, `${header}/MsgId`],
    ['an element in a text', '>m1<', '><X>m1</X><', `${header}/MsgId`],
    ['text between elements', '<GrpHdr>', '<GrpHdr>x', header],
    [
      'two alternatives',
      '<Rsn><Cd>AC03</Cd>',
      '<Rsn><Cd>AC03</Cd><Prtry>x</Prtry>',
      `${transaction}/StsRsnInf/Rsn`,
    ],
  ])('refuses %s and names the element', (_what, from, to, path) => {
    const xml = good();
    expect(xml).toContain(from);
    expect(refusal(xml.replace(from, () => to)).path).toBe(path);
  });

  it('never throws anything but its own error', () => {
    const documents = [good(), pacs008.build(aCreditTransfer())];
    fc.assert(
      fc.property(fc.constantFrom(...documents), fc.nat(), fc.string(), fc.nat(20), (xml, at, junk, cut) => {
        const position = at % xml.length;
        const broken = xml.slice(0, position) + junk + xml.slice(position + cut);
        try {
          parseMessage(broken);
        } catch (error) {
          expect(error).toBeInstanceOf(Iso20022Error);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('ids', () => {
  it('derives a UETR of version 4 from an instruction, always the same', () => {
    const id = newId('instruction');
    expect(uetrOf(id)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uetrOf(id)).toBe(uetrOf(id));
    expect(uetrOf(id)).not.toBe(uetrOf(newId('instruction')));
    expect(transferMessageId(id).length).toBeLessThanOrEqual(35);
  });

  it('knows when a business day ends', () => {
    const evening = new Date('2026-11-21T00:30:00Z');
    expect(businessDate(PROFILES.rtp, evening)).toBe('2026-11-20');
    expect(businessDate(PROFILES.fednow, evening)).toBe('2026-11-21');
  });
});
