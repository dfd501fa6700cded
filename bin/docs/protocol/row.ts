/** What a row of the protocol's table says. The rows are data: the page is made of them, and a test holds them to the code. */
import type { TestName } from './tests';

/** What an item is, and thereby what it is held to: an endpoint to the route table, a field to its message's schema, … */
export type Kind =
  | 'endpoint'
  | 'field'
  | 'header'
  | 'scope'
  | 'error'
  | 'event'
  | 'beacon webhook'
  | 'WebSocket message'
  | 'session status'
  | 'transaction status'
  | 'state'
  | 'transition'
  | 'gate step'
  | 'id prefix'
  | 'profile'
  | 'rail'
  | 'test card'
  | 'rule';

export interface Row {
  /** An endpoint as `GET /v1/offers/:offer_id`, a field as `offers[].product.name`, an error as its code, … */
  readonly item: string;
  /** Where it is not the section's. */
  readonly test?: TestName;
  /** Why it is otherwise than the protocol's text has it. */
  readonly differs?: string;
  /** What is missing of it. */
  readonly open?: string;
}

export interface Section {
  readonly title: string;
  readonly kind: Kind;
  /**
   * The message that the fields are of: `request <endpoint>`, `response <endpoint>`, `response error`, `message <id>` of
   * the AsyncAPI document, or `event <type>`, whose payload it is.
   */
  readonly of?: string;
  readonly test: TestName;
  /** A text is a row's item. */
  readonly rows: readonly (string | Row)[];
}

export interface Part {
  readonly version: '1.0.0' | '2.2';
  readonly sections: readonly Section[];
}

/** The rows of a section, each with what it has of its section. */
export function rowsOf({ rows, test }: Section): (Row & { test: TestName })[] {
  return rows.map((row) => ({ test, ...(typeof row === 'string' ? { item: row } : row) }));
}
