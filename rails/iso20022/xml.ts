/**
 * XML as a tree, nothing more: no DTD, no entities but the five of XML itself, no comments, no CDATA, bounded in size,
 * depth and number of elements. What a message may contain beyond that is decided by its schema.
 */
import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';

export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  text: string;
}

/** A message that is not well formed or not what its schema allows; `path` names the element. */
export class Iso20022Error extends Error {
  override name = 'Iso20022Error';
  constructor(
    readonly path: string,
    readonly problem: string,
  ) {
    super(`${path}: ${problem}`);
  }
}

export const MAX_XML_CHARACTERS = 2_000_000;
const MAX_DEPTH = 24;
const MAX_ELEMENTS = 100_000;

const NAME = /^[A-Za-z][A-Za-z0-9]{0,63}$/;
const ATTRIBUTE_NAME = /^[A-Za-z][A-Za-z0-9:]{0,63}$/;
// XML 1.0 forbids these characters even as references.
/* eslint-disable no-control-regex */
const FORBIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
/* eslint-enable no-control-regex */
const PREDEFINED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  ignoreDeclaration: true,
  maxNestedTags: MAX_DEPTH,
});
const builder = new XMLBuilder({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  processEntities: true,
});

/** Reads a document. Throws `Iso20022Error`, and nothing else, whatever the input. */
export function parseXml(xml: string): XmlElement {
  if (xml.length > MAX_XML_CHARACTERS) throw new Iso20022Error('/', 'the document is too large');
  if (FORBIDDEN.test(xml)) throw new Iso20022Error('/', 'a character that XML forbids');
  const body = xml.replace(/^\ufeff?<\?xml [^?<>]{1,100}\?>/, '');
  // `<!` opens DOCTYPE, ENTITY, CDATA and comments, `<?` processing instructions: no message needs any of them.
  if (/<[!?]/.test(body)) throw new Iso20022Error('/', 'only elements are accepted');
  const validity = XMLValidator.validate(body);
  if (validity !== true) throw new Iso20022Error('/', `not well formed: ${validity.err.msg.slice(0, 200)}`);
  return toElement(rootOf(body), '', { elements: 0 });
}

type OrderedNode = Record<string, unknown>;

function rootOf(body: string): OrderedNode {
  let nodes: OrderedNode[];
  try {
    nodes = parser.parse(body) as OrderedNode[];
  } catch (error) {
    throw new Iso20022Error('/', `not well formed: ${(error as Error).message.slice(0, 200)}`);
  }
  const roots = nodes.filter((node) => !isBlank(node));
  const [root] = roots;
  if (!root || roots.length !== 1) throw new Iso20022Error('/', 'there must be exactly one root element');
  return root;
}

function isBlank(node: OrderedNode): boolean {
  return typeof node['#text'] === 'string' && node['#text'].trim() === '';
}

function toElement(node: OrderedNode, parentPath: string, budget: { elements: number }): XmlElement {
  const name = Object.keys(node).find((key) => key !== ':@') ?? '';
  const path = `${parentPath}/${name}`;
  if (!NAME.test(name)) throw new Iso20022Error(parentPath || '/', 'an element name that is not accepted');
  budget.elements += 1;
  if (budget.elements > MAX_ELEMENTS) throw new Iso20022Error(path, 'too many elements');
  const attributes: Record<string, string> = {};
  for (const [key, value] of Object.entries((node[':@'] ?? {}) as Record<string, string>)) {
    if (!ATTRIBUTE_NAME.test(key)) throw new Iso20022Error(path, 'an attribute name that is not accepted');
    attributes[key] = decodeEntities(String(value), path);
  }
  const content = node[name] as OrderedNode[];
  const children = content
    .filter((child) => !('#text' in child))
    .map((child) => toElement(child, path, budget));
  const text = content.map((child) => ('#text' in child ? String(child['#text']) : '')).join('');
  if (children.length === 0) return { name, attributes, children, text: decodeEntities(text, path) };
  if (text.trim() !== '') throw new Iso20022Error(path, 'text between elements');
  return { name, attributes, children, text: '' };
}

function decodeEntities(text: string, path: string): string {
  return text.replace(/&([^;&]{0,10};?)/g, (_all, reference: string) => {
    if (reference.endsWith(';')) {
      const name = reference.slice(0, -1);
      const known = PREDEFINED[name];
      if (known !== undefined) return known;
      const decoded = decodeCharacter(name);
      if (decoded !== undefined) return decoded;
    }
    throw new Iso20022Error(path, 'an entity that is not predefined');
  });
}

function decodeCharacter(name: string): string | undefined {
  const match = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(name);
  if (!match) return undefined;
  const code = match[1] ? parseInt(match[1], 16) : Number(match[2]);
  if (code === 0 || code > 0x10ffff) return undefined;
  const character = String.fromCodePoint(code);
  return FORBIDDEN.test(character) ? undefined : character;
}

/** Writes a document with its declaration. */
export function buildXml(root: XmlElement): string {
  const declaration = { '?xml': [{ '#text': '' }], ':@': { version: '1.0', encoding: 'UTF-8' } };
  const xml = builder.build([declaration, toOrdered(root)]);
  if (FORBIDDEN.test(xml)) throw new Iso20022Error(`/${root.name}`, 'a character that XML forbids');
  return xml;
}

function toOrdered(element: XmlElement): OrderedNode {
  const content = element.children.length > 0 ? element.children.map(toOrdered) : [{ '#text': element.text }];
  return { [element.name]: content, ':@': element.attributes };
}
