/** Signed requests weakened on their way: what is left of their headers, and how they can be spelled otherwise. */
import { bearer, type Member } from './members';
import type { Headers1 } from './signed-requests';

/** What is left of a signature's headers, to pass where a key or nothing is enough. */
export const DOWNGRADES: Record<string, (headers: Headers1, member: Member) => Headers1> = {
  'the signature left out': (headers) => without(headers, /signature$/),
  'the signature empty': (headers) => replaced(headers, /signature$/, ''),
  'the timestamp left out': (headers) => without(headers, /timestamp$|^signature-input$/),
  'the API key alone': (_headers, member) => bearer(member.apiKey),
  'an API key beside it': (headers, member) =>
    'authorization' in headers ? without(headers, /signature$/) : { ...headers, ...bearer(member.apiKey) },
  'its signature as that of another form': (headers) => {
    const value = headers['x-signature'] ?? headers['x-aura-signature'] ?? headers.signature ?? '';
    const bare = value.replace(/^sig_|^sig1=:|:$/g, '');
    return 'x-signature' in headers
      ? { ...without(headers, /signature$/), 'x-aura-signature': `sig_${bare}` }
      : { ...without(headers, /signature$/), 'x-signature': bare };
  },
  'a scheme that has no key': (headers) => ({
    ...without(headers, /^authorization$/),
    authorization: 'Bearer',
  }),
  'the secret’s HMAC by an empty secret': (headers) => ({
    ...headers,
    'x-aura-signature': `sig_${Buffer.alloc(32).toString('base64')}`,
  }),
};

export const lowered = (headers: Headers1): Headers1 =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
const without = (headers: Headers1, names: RegExp): Headers1 =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !names.test(name)));
const replaced = (headers: Headers1, names: RegExp, by: string): Headers1 =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, names.test(name) ? by : value]));

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** Base64 with a bit set that no byte has. */
export const loosen = (_all: string, last: string, padding: string) =>
  `${BASE64[(BASE64.indexOf(last) + 1) % 64] ?? ''}${padding}`;
