/** The messages of the instant payment networks, and the reader that tells them apart by their namespace. */
import { camt029, camt052, camt054, camt056, camt060 } from './camt';
import { messageName } from './message';
import { pacs002, pacs004, pacs008, pacs028 } from './pacs';
import { pain013, pain014 } from './pain';
import { Iso20022Error, parseXml } from './xml';

export const MESSAGES = [
  pacs008,
  pacs002,
  pacs028,
  pacs004,
  camt056,
  camt029,
  camt054,
  camt052,
  camt060,
  pain013,
  pain014,
] as const;

type Definition = (typeof MESSAGES)[number];
type Read<D> = D extends Definition ? { name: D['name']; body: ReturnType<D['read']> } : never;
/** A message with its body, told apart by `name`. */
export type Message = Read<Definition>;

/** Reads a document of any known type. Throws `Iso20022Error`, and nothing else, whatever the input. */
export function parseMessage(xml: string): Message {
  const document = parseXml(xml);
  const name = messageName(document);
  const definition = MESSAGES.find((candidate) => candidate.name === name);
  if (!definition) throw new Iso20022Error('/Document', `unknown message ${name.slice(0, 40)}`);
  return { name: definition.name, body: definition.read(document) } as Message;
}

export * from './camt';
export * from './ids';
export * from './pacs';
export * from './pain';
export { Iso20022Error } from './xml';
