/** Revocation by W3C Bitstring Status List 1.0. A list that can't be checked refuses: silence is not "not revoked". */
import { gunzipSync } from 'node:zlib';
import type { PublicKey } from '../keys';
import { verifyProof } from './eddsa-jcs';
import { isObject, listOf, shown, snapshot, type Json, type JsonObject } from './snapshot';
import { refused, type RefusedCredential, type TrustedVcIssuer } from './types';
import { validityProblem } from './validity';

/** The specification's smallest list: 16 KiB of bits, so that an index tells nothing. */
const MIN_BYTES = 16 * 1024;
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_ENTRIES = 8;
const LIST_BOUNDS = { depth: 24, nodes: 5_000, characters: 8 * 1024 * 1024 };

export interface StatusContext {
  readonly issuer: TrustedVcIssuer;
  readonly keyOf: (verificationMethod: string) => PublicKey | undefined;
  readonly now: Date;
}

const unavailable = (detail: string) => refused('status_unavailable', detail, 'credentialStatus');

export function statusProblem(
  status: Json | undefined,
  context: StatusContext,
): RefusedCredential | undefined {
  const entries = listOf(status);
  if (entries.length > MAX_ENTRIES) return unavailable('too many status entries');
  for (const entry of entries) {
    const problem = entryProblem(entry, context);
    if (problem) return problem;
  }
  return undefined;
}

function entryProblem(entry: Json, context: StatusContext): RefusedCredential | undefined {
  if (!isObject(entry) || entry.type !== 'BitstringStatusListEntry') {
    return unavailable('only BitstringStatusListEntry can be checked');
  }
  const { statusPurpose, statusListIndex, statusListCredential: url, statusSize } = entry;
  if (statusPurpose !== 'revocation' && statusPurpose !== 'suspension') {
    return unavailable(`status purpose ${shown(statusPurpose)} can't be checked`);
  }
  if (statusSize !== undefined && statusSize !== 1)
    return unavailable('only one-bit statuses can be checked');
  const indexText = typeof statusListIndex === 'number' ? String(statusListIndex) : statusListIndex;
  if (typeof indexText !== 'string' || !/^(0|[1-9]\d{0,8})$/.test(indexText)) {
    return unavailable('statusListIndex is not a number');
  }
  if (typeof url !== 'string' || !Object.hasOwn(context.issuer.revocation.statusLists, url)) {
    return unavailable(`status list ${shown(url)} is not at hand`);
  }
  const list = verifiedList(context.issuer.revocation.statusLists[url], { ...context, url, statusPurpose });
  if ('ok' in list) return list;
  const index = Number(indexText);
  const byte = list.bits[index >> 3];
  if (byte === undefined) return unavailable('statusListIndex lies outside of the list');
  // Index 0 is the most significant bit of the first byte.
  if ((byte & (0x80 >> (index & 7))) === 0) return undefined;
  return refused(
    'revoked',
    statusPurpose === 'revocation' ? 'the issuer revoked it' : 'the issuer suspended it',
    'credentialStatus',
  );
}

function verifiedList(
  credential: unknown,
  context: StatusContext & { url: string; statusPurpose: string },
): { bits: Uint8Array } | RefusedCredential {
  let secured: Json;
  try {
    secured = snapshot(credential, LIST_BOUNDS);
  } catch {
    return unavailable('the status list is not readable');
  }
  if (!isObject(secured)) return unavailable('the status list is not readable');
  const proof = verifyProof(secured, context.keyOf, context.now);
  if (!proof.ok) return unavailable(`the status list is not valid: ${proof.detail}`);
  const list = proof.verified;
  const problem = listProblem(list, context);
  if (problem) return problem;
  const bits = decodeBits((list.credentialSubject as JsonObject).encodedList);
  return bits ? { bits } : unavailable('the status list can not be unpacked');
}

function listProblem(
  list: JsonObject,
  { url, issuer, now, statusPurpose }: StatusContext & { url: string; statusPurpose: string },
): RefusedCredential | undefined {
  const subject = list.credentialSubject;
  const issuedBy = isObject(list.issuer) ? list.issuer.id : list.issuer;
  if (!listOf(list.type).includes('BitstringStatusListCredential') || !isObject(subject)) {
    return unavailable('the status list is of another type');
  }
  if (issuedBy !== issuer.issuerId) return unavailable('the status list is of another issuer');
  if (list.id !== undefined && list.id !== url) return unavailable('the status list has another address');
  if (subject.type !== 'BitstringStatusList' || !listOf(subject.statusPurpose).includes(statusPurpose)) {
    return unavailable(`the status list does not say anything about ${statusPurpose}`);
  }
  const stale = validityProblem(list, now);
  return stale && unavailable(`the status list is not current: ${stale.detail}`);
}

function decodeBits(encodedList: Json | undefined): Uint8Array | undefined {
  if (typeof encodedList !== 'string' || !/^u[A-Za-z0-9_-]+$/.test(encodedList)) return undefined;
  try {
    const bits = gunzipSync(Buffer.from(encodedList.slice(1), 'base64url'), { maxOutputLength: MAX_BYTES });
    return bits.length >= MIN_BYTES ? bits : undefined;
  } catch {
    return undefined;
  }
}
