/**
 * Where webhooks may go. Names are checked after they have been resolved, at the moment of connecting, so that what
 * was checked is what is connected to, whatever the DNS answers a second time.
 */
import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Global unicast of IPv6 (IANA); everything else, such as the old IPv4-compatible `::a.b.c.d`, is not public. */
const GLOBAL_V6 = ipaddr.IPv6.parseCIDR('2000::/3');
/** A cloud's metadata and wire server that sits on an otherwise public address. */
const REFUSED_V4 = new Set(['168.63.129.16']);

/** Whether an address, in any notation of an IP literal, is one of the public internet. Names are not. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const ip = ipaddr.parse(address);
  if (ip.range() !== 'unicast') return false;
  return ip instanceof ipaddr.IPv6 ? ip.match(GLOBAL_V6) : !REFUSED_V4.has(ip.toString());
}

export class RefusedAddressError extends Error {
  override name = 'RefusedAddressError';
}

type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A lookup for `net.connect` that refuses a name one of whose addresses is not public. A name that answers with a
 * public and a private address is refused whole: nothing good answers like that.
 */
export function publicLookup(resolve: Resolve = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const [first] = addresses;
      if (!first || !addresses.every(({ address }) => isPublicAddress(address)))
        return callback(new RefusedAddressError('the name leads to an address that is not public'), '', 0);
      if (options.all) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}

/**
 * Why a webhook may not be sent to this address, before any connection; `undefined` where it may. The URL parser has
 * turned decimal, octal and hexadecimal forms of IPv4 into dotted ones.
 */
export function refusedUrl(url: string, allowPrivate: boolean): string | undefined {
  if (!URL.canParse(url)) return 'not a URL';
  const { protocol, hostname, username, password } = new URL(url);
  if (username !== '' || password !== '') return 'an address with credentials in it is refused';
  if (protocol !== 'https:' && !(allowPrivate && protocol === 'http:')) return 'only https is allowed';
  if (allowPrivate) return undefined;
  const literal = hostname.replace(/^\[|\]$/g, '');
  // A literal is connected to without a lookup, so it is checked here.
  if (ipaddr.isValid(literal) && !isPublicAddress(literal)) return 'the address is not public';
  return undefined;
}
