/** The QCStatements extension (RFC 3739): a DER sequence of statements, each just its object identifier here. */
import 'reflect-metadata';
import { Extension } from '@peculiar/x509';

const QC_STATEMENTS_OID = '1.3.6.1.5.5.7.1.3';

export function encodeQcStatements(oids: readonly string[]): Extension {
  const statements = oids.map((oid) => tlv(0x30, tlv(0x06, encodeOid(oid))));
  return new Extension(QC_STATEMENTS_OID, false, Uint8Array.from(tlv(0x30, statements.flat())));
}

function encodeOid(oid: string): number[] {
  const [root = 0, second = 0, ...rest] = oid.split('.').map(Number);
  return [root * 40 + second, ...rest].flatMap(base128);
}

function base128(arc: number): number[] {
  const groups = [arc & 0x7f];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128))
    groups.unshift((rest & 0x7f) | 0x80);
  return groups;
}

function tlv(tag: number, content: number[]): number[] {
  if (content.length > 0xff) throw new RangeError('too long for an example');
  return content.length < 0x80 ? [tag, content.length, ...content] : [tag, 0x81, content.length, ...content];
}
