/** A message definition: its namespace, its root below `Document`, its schema. */
import { toElement, type Type } from './schema';
import { buildXml, Iso20022Error, parseXml, type XmlElement } from './xml';

const NAMESPACE = 'urn:iso:std:iso:20022:tech:xsd:';

export interface MessageType<N extends string, V> {
  /** The message's identifier, e.g. `pacs.008.001.08`. */
  readonly name: N;
  /** The canonical document as text: what is signed is exactly these bytes in UTF-8. */
  build(value: V): string;
  /** Reads a document of this type. Throws `Iso20022Error`. */
  parse(xml: string): V;
  read(document: XmlElement): V;
}

export function message<const N extends string, V>(name: N, root: string, body: Type<V>): MessageType<N, V> {
  const path = `/Document/${root}`;
  const read = (document: XmlElement): V => {
    if (messageName(document) !== name) throw new Iso20022Error('/Document', `not a ${name}`);
    const [child, ...more] = document.children;
    if (!child || child.name !== root || more.length > 0)
      throw new Iso20022Error('/Document', `not one ${root}`);
    return body.read(child, path);
  };
  return {
    name,
    read,
    parse: (xml) => read(parseXml(xml)),
    build: (value) =>
      buildXml(
        toElement('Document', {
          attributes: { xmlns: NAMESPACE + name },
          children: [toElement(root, body.write(value, path))],
        }),
      ),
  };
}

/** Which message a document says it is. */
export function messageName(document: XmlElement): string {
  const { xmlns, ...others } = document.attributes;
  const unknown = Object.keys(others).find((key) => key !== 'xmlns:xsi' && key !== 'xsi:schemaLocation');
  if (document.name !== 'Document' || unknown || !xmlns?.startsWith(NAMESPACE)) {
    throw new Iso20022Error(`/${document.name}`, 'not an ISO 20022 document');
  }
  return xmlns.slice(NAMESPACE.length);
}
