/** Requests and answers as they went over the wire once; see test/support/record-examples.ts. */
import recorded from '../examples/traffic.json';
import { VERSION_1, VERSION_2, type ApiVersion } from '../../domain/versions';
import type { Route } from '../route';
import type { Json } from './schemas';

export interface Example {
  /** The version the answer is in. */
  version: ApiVersion;
  request?: unknown;
  status: number;
  response: unknown;
}

export type Traffic = Readonly<Record<string, readonly Example[]>>;

export const TRAFFIC = recorded as Traffic;

export const operationOf = ({ method, path }: Pick<Route, 'method' | 'path'>): string =>
  `${method.toUpperCase()} ${path}`;

const NAMES: Readonly<Record<ApiVersion, string>> = {
  [VERSION_1]: 'protocol-1.0.0',
  [VERSION_2]: 'protocol-2.2',
};

function named(examples: readonly Example[], of: (example: Example) => unknown): Json | undefined {
  const told = examples.filter((example) => of(example) !== undefined);
  if (told.length === 0) return undefined;
  return Object.fromEntries(told.map((example) => [NAMES[example.version], { value: of(example) }]));
}

export function requestExamples(route: Route): Json | undefined {
  return named(TRAFFIC[operationOf(route)] ?? [], ({ request }) => request);
}

export function responseExamples(route: Route): Json | undefined {
  return named(TRAFFIC[operationOf(route)] ?? [], ({ response }) => response);
}
