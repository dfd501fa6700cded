/**
 * camt.053 (bank to customer statement) and camt.054 (debit credit notification) of any version 001, as banks send them:
 * what is not needed is passed over, what is needed is read strictly (ISO 20022, Bank-to-Customer Cash Management).
 *
 * An entry is a line when it is booked. Its reference is `AcctSvcrRef`, else `NtryRef`; an entry with several
 * transactions is a batch line with parts. Charges that are included in the entry (`ChrgInclInd` true) are its fee.
 * Times without an offset are taken as UTC.
 */
import { parseMoney, type Money } from '../../domain/money';
import { isRecordable } from '../../domain/recordable-time';
import { Iso20022Error, parseXml, type XmlElement } from '../iso20022/xml';
import { entryLine } from './camt-entry';
import { all, child, locate, need, textOf } from './camt-tree';
import {
  StatementFileError,
  type Chunks,
  type FileLine,
  type FileOf,
  type FileSummary,
  type StatementFileReading,
} from './file';
import { cutElements, type CutElement } from './xml-elements';

const CONTAINERS = {
  'camt.053': ['BkToCstmrStmt', 'Stmt'],
  'camt.054': ['BkToCstmrDbtCdtNtfctn', 'Ntfctn'],
} as const;
const NAMESPACE = /\sxmlns="urn:iso:std:iso:20022:tech:xsd:(camt\.05[34])\.001\.(\d\d)"/;

export function readCamt(source: Chunks, format: keyof typeof CONTAINERS, of: FileOf): StatementFileReading {
  const cutter = cutElements(source, 'Ntry');
  let summary: FileSummary = {};
  let netMinor = 0n;
  let asset: string | undefined;
  return {
    async *lines(): AsyncGenerator<FileLine> {
      for await (const element of cutter.elements()) {
        const line = readEntry(element, { ...of, sourceFormat: messageOf(cutter.rest(), format) });
        if (!line) continue;
        const { amount_minor, fee_minor, direction } = line;
        const moved =
          direction === 'credit'
            ? BigInt(amount_minor) - BigInt(fee_minor)
            : -(BigInt(amount_minor) + BigInt(fee_minor));
        netMinor += moved;
        asset = line.asset;
        yield line;
      }
      messageOf(cutter.rest(), format);
      summary = readSummary(cutter.rest(), format, cutter.lines());
      const { openingMinor, closingMinor } = summary;
      if (openingMinor === undefined || closingMinor === undefined) return;
      if (asset !== undefined && summary.asset !== asset)
        throw refuse(0, 'Bal', 'in another currency than the entries');
      if (openingMinor + netMinor !== closingMinor)
        throw refuse(
          0,
          'Bal',
          'the opening balance and the booked entries do not add up to the closing balance',
        );
    },
    summary: () => summary,
  };
}

const refuse = (line: number, field: string, reason: string) =>
  new StatementFileError({ line, field, reason });

function messageOf(head: string, format: keyof typeof CONTAINERS): string {
  const [, name, version] = NAMESPACE.exec(head) ?? [];
  if (name !== format) throw refuse(1, 'Document', `its namespace is not that of ${format}.001`);
  return `iso20022:${name}.001.${version}`;
}

function readEntry({ xml, line }: CutElement, of: FileOf & { sourceFormat: string }): FileLine | undefined {
  try {
    return entryLine(parseXml(xml), of);
  } catch (error) {
    if (!(error instanceof Iso20022Error)) throw error;
    throw refuse(line + locate(xml, error.path), error.path, error.problem);
  }
}

function readSummary(rest: string, format: keyof typeof CONTAINERS, lines: number): FileSummary {
  if (/<Ntry[\s/>]/.test(rest)) throw refuse(lines, 'Ntry', 'not closed');
  try {
    const [message, container] = CONTAINERS[format];
    const found = all(need(parseXml(rest), message), container);
    const [statement, ...more] = found;
    if (!statement || more.length > 0)
      throw new Iso20022Error(`/Document/${message}/${container}`, 'there must be exactly one');
    const opening = balance(statement, 'OPBD');
    const closing = balance(statement, 'CLBD');
    const period = child(statement, 'FrToDt');
    return {
      openingMinor: opening?.amountMinor,
      closingMinor: closing?.amountMinor,
      asset: closing?.asset,
      ...(period && {
        from: instant(textOf(period, 'FrDtTm')),
        to: instant(textOf(period, 'ToDtTm')),
      }),
    };
  } catch (error) {
    if (!(error instanceof Iso20022Error)) throw error;
    throw refuse(1 + locate(rest, error.path), error.path, error.problem);
  }
}

function balance(statement: XmlElement, code: string): Money | undefined {
  const found = all(statement, 'Bal').find((one) => {
    const kind = child(one, 'Tp', 'CdOrPrtry', 'Cd');
    return kind?.text.trim() === code;
  });
  if (!found) return undefined;
  const amount = need(found, 'Amt');
  const { amountMinor, asset } = moneyOf(amount, 'Bal/Amt');
  const sign = textOf(found, 'CdtDbtInd');
  if (sign !== 'CRDT' && sign !== 'DBIT') throw new Iso20022Error('Bal/CdtDbtInd', 'not CRDT or DBIT');
  return { asset, amountMinor: sign === 'CRDT' ? amountMinor : -amountMinor };
}

export function moneyOf(element: XmlElement, path: string): Money {
  const asset = element.attributes.Ccy ?? '';
  try {
    const money = parseMoney(element.text.trim(), asset);
    if (money.amountMinor >= 0n) return money;
  } catch {
    // Told below, without the text itself.
  }
  throw new Iso20022Error(path, 'not an amount of its currency');
}

/** RFC 3339 UTC; a time without an offset is UTC. */
export function instant(text: string): string {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+-]\d\d:\d\d)?$/.exec(text);
  const zoned = `${match?.[1] ?? ''}${match?.[2] ?? 'Z'}`;
  if (!match || !isRecordable(zoned)) throw new Iso20022Error('DtTm', 'not a date and time');
  return new Date(zoned).toISOString();
}
