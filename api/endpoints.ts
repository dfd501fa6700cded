/** Where an agent says it can be reached: webhooks, callbacks and the merchant's domain. */
import ipaddr from 'ipaddr.js';
import { AuraError } from '../domain/errors';
import { refusedUrl } from './webhooks/addresses';

const HOST_NAME = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/;
/** Names that lead nowhere on the public internet (RFC 6761, RFC 8375, and the one ICANN keeps for private use). */
const PRIVATE_NAME = /(^|\.)(localhost|local|internal|home\.arpa|lan|test|invalid)$/;

/** HTTPS on the public internet; the sandbox takes HTTP and private addresses too. Throws `INVALID_PARAMETER`. */
export function checkWebAddress(url: string, field: string, { sandbox }: { sandbox: boolean }): string {
  const reason = refusedUrl(url, sandbox) ?? refusedForm(new URL(url), sandbox);
  if (reason !== undefined) throw refused(field, reason);
  return url;
}

function refusedForm({ hostname, hash }: URL, sandbox: boolean): string | undefined {
  if (hash !== '') return 'an address with a fragment is refused';
  if (sandbox || ipaddr.isValid(hostname.replace(/^\[|\]$/g, ''))) return undefined;
  const name = hostname.replace(/\.$/, '');
  return HOST_NAME.test(name) && !PRIVATE_NAME.test(name) ? undefined : 'not a public host name';
}

/** A host name in ASCII, lower case. Throws `INVALID_PARAMETER`. */
export function checkMerchantDomain(
  domain: string,
  field: string,
  { sandbox }: { sandbox: boolean },
): string {
  const url = `https://${domain}/`;
  const isBare = /^[^\s/?#@:\\%[\]]+$/.test(domain) && URL.canParse(url);
  const name = isBare ? new URL(url).hostname.replace(/\.$/, '') : '';
  if (!HOST_NAME.test(name)) throw refused(field, 'a host name such as acme.example.com');
  if (!sandbox && PRIVATE_NAME.test(name)) throw refused(field, 'not a public host name');
  return name;
}

function refused(field: string, reason: string): AuraError {
  return new AuraError('INVALID_PARAMETER', `${field}: ${reason}`, { field, reason });
}
