/** The issuer's side of a W3C Bitstring Status List. */
import { gzipSync } from 'node:zlib';
import type { JsonObject } from '../../domain/credentials/snapshot';

/** The specification's smallest list: 131,072 entries. */
const LIST_BYTES = 16 * 1024;

export interface StatusList {
  readonly url: string;
  /** Assigns the next entry to a credential. */
  entryFor(credentialId: string): JsonObject;
  revoke(credentialId: string): void;
  subject(): JsonObject;
}

export function createStatusList(url: string): StatusList {
  const bits = new Uint8Array(LIST_BYTES);
  const indexes = new Map<string, number>();
  return {
    url,
    entryFor: (credentialId) => {
      const index = indexes.size;
      if (index >= LIST_BYTES * 8) throw new RangeError('the status list is full');
      indexes.set(credentialId, index);
      return {
        type: 'BitstringStatusListEntry',
        statusPurpose: 'revocation',
        statusListIndex: String(index),
        statusListCredential: url,
      };
    },
    revoke: (credentialId) => {
      const index = indexes.get(credentialId);
      if (index === undefined) throw new RangeError('this issuer has no status entry for the credential');
      bits[index >> 3] = (bits[index >> 3] ?? 0) | (0x80 >> (index & 7));
    },
    subject: () => ({
      id: `${url}#list`,
      type: 'BitstringStatusList',
      statusPurpose: 'revocation',
      encodedList: `u${gzipSync(bits).toString('base64url')}`,
    }),
  };
}
