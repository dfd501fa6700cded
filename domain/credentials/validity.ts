/** The period of a credential. Versions 1.1 and 2.0 name it differently; whatever is there must hold. */
import { isDateTime } from '../constraints';
import type { JsonObject } from './snapshot';
import { refused, type RefusedCredential } from './types';

const FROM = ['validFrom', 'issuanceDate'] as const;
const UNTIL = ['validUntil', 'expirationDate'] as const;

export function validityProblem(credential: JsonObject, now: Date): RefusedCredential | undefined {
  for (const field of [...FROM, ...UNTIL]) {
    const value = credential[field];
    if (value !== undefined && (typeof value !== 'string' || !isDateTime(value))) {
      return refused('malformed', `${field} is not a date-time`, field);
    }
  }
  for (const field of FROM) {
    const value = credential[field] as string | undefined;
    if (value !== undefined && now.getTime() < Date.parse(value)) {
      return refused('not_yet_valid', `it begins ${value}`, field);
    }
  }
  for (const field of UNTIL) {
    const value = credential[field] as string | undefined;
    if (value !== undefined && now.getTime() >= Date.parse(value)) {
      return refused('expired', `it ended ${value}`, field);
    }
  }
  return undefined;
}

/** The ends a credential states. Only for credentials whose validity was checked. */
export function statedEnds(credential: JsonObject): string[] {
  return UNTIL.map((field) => credential[field]).filter((value) => typeof value === 'string');
}

/** The earliest of some instants, normalised to UTC. */
export function earliest(instants: readonly string[]): string {
  return new Date(Math.min(...instants.map((instant) => Date.parse(instant)))).toISOString();
}
