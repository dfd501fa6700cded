/** Which level an issuer's rules give to a credential, and whether the issuer is trusted at all right now. */
import { maxTrust, type TrustLevel } from '../trust';
import { refused, type GrantRule, type RefusedCredential, type TrustedIssuer } from './types';

export interface CredentialTraits {
  readonly types?: readonly string[];
  readonly policyOids?: readonly string[];
  readonly qcStatementOids?: readonly string[];
}

/** The highest level of the matching rules; undefined where none matches. */
export function grantedLevel(rules: readonly GrantRule[], traits: CredentialTraits): TrustLevel | undefined {
  const levels = rules.filter((rule) => matches(rule, traits)).map(({ level }) => level);
  return levels.length ? maxTrust(...levels) : undefined;
}

function matches(rule: GrantRule, traits: CredentialTraits): boolean {
  const has = (wanted: string | undefined, present: readonly string[] | undefined) =>
    wanted === undefined || (present?.includes(wanted) ?? false);
  return (
    has(rule.credentialType, traits.types) &&
    has(rule.policyOid, traits.policyOids) &&
    has(rule.qcStatementOid, traits.qcStatementOids)
  );
}

export function issuerProblem(issuer: TrustedIssuer, now: Date): RefusedCredential | undefined {
  const { issuerId, status, validFrom, validUntil } = issuer;
  if (status !== 'trusted') return refused('issuer_suspended', `${issuerId} is suspended`);
  const instant = now.getTime();
  // Written so that an unreadable date in the framework trusts nobody.
  if (!(instant >= Date.parse(validFrom) && instant < Date.parse(validUntil))) {
    return refused('issuer_suspended', `${issuerId} is trusted from ${validFrom} until ${validUntil} only`);
  }
  return undefined;
}
