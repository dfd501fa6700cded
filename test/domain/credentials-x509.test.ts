import 'reflect-metadata';
import fc from 'fast-check';
import { Extension, KeyUsageFlags } from '@peculiar/x509';
import {
  verifyCredential,
  type CredentialVerdict,
  type TrustedX509Issuer,
  type TrustFramework,
} from '../../domain/credentials';
import { generateKeyPair } from '../../domain/keys';
import {
  createCertificateAuthority,
  POLICY_OID,
  QC_COMPLIANCE_OID,
  type AuthorityOptions,
  type IssuedCertificate,
  type LeafOptions,
} from '../../sdk/issuer';

const NOW = new Date('2026-04-01T12:00:00.000Z');
const DAY_MS = 86_400_000;
const later = (days: number) => new Date(NOW.getTime() + days * DAY_MS);
const principal = generateKeyPair().publicKey;
const stranger = generateKeyPair().publicKey;
const organization: LeafOptions = {
  organization: 'Example GmbH',
  policyOids: [POLICY_OID.organizationValidated],
};
const qualified: LeafOptions = {
  organization: 'Example GmbH',
  policyOids: [POLICY_OID.qualifiedLegal],
  qcStatementOids: [QC_COMPLIANCE_OID],
};

const anAuthority = (options: Partial<AuthorityOptions> = {}) =>
  createCertificateAuthority({ name: 'Example CA', now: () => NOW, ...options });
const framework = (...issuers: TrustedX509Issuer[]): TrustFramework => ({ version: 'test', issuers });
const verify = (
  credential: unknown,
  issuer: TrustedX509Issuer,
  { now = NOW, principalKey = principal } = {},
): Promise<CredentialVerdict> =>
  verifyCredential(credential, { framework: framework(issuer), principalKey, now });
const reasonOf = async (verdict: Promise<CredentialVerdict>) => {
  const result = await verdict;
  return result.ok ? 'accepted' : result.reason;
};

describe('a certificate', () => {
  it('of the principal’s own key is accepted', async () => {
    const authority = await anAuthority();
    const { credential } = await authority.certify(principal, organization);
    const verdict = await verify(credential, await authority.trustedIssuer());
    expect(verdict).toMatchObject({
      ok: true,
      level: 'L2',
      kind: 'x509',
      issuerId: 'Example CA',
      subjectName: 'Example GmbH',
      validUntil: later(365).toISOString(),
    });
  });

  it.each(['P-256', 'RSA-2048', 'Ed25519'] as const)(
    'of a %s key is accepted with its word',
    async (algorithm) => {
      const authority = await anAuthority({ algorithm });
      const issued = await authority.certifyOther(principal, { ...organization, algorithm });
      const trusted = await authority.trustedIssuer();
      expect(await reasonOf(verify(issued.credential, trusted))).toBe('accepted');
      expect(await reasonOf(verify(issued.credential, trusted, { principalKey: stranger }))).toBe(
        'subject_mismatch',
      );
      const { key_signature: _, ...silent } = issued.credential;
      expect(await reasonOf(verify(silent, trusted))).toBe('subject_mismatch');
      const wrong = { ...silent, key_signature: issued.countersign(stranger) };
      expect(await reasonOf(verify(wrong, trusted))).toBe('subject_mismatch');
      expect(await reasonOf(verify({ ...silent, key_signature: 7 }, trusted))).toBe('subject_mismatch');
      expect(await reasonOf(verify({ ...silent, key_signature: 'AAAA' }, trusted))).toBe('subject_mismatch');
    },
  );

  it('gives L3 only with the qualified policy and its statement', async () => {
    const authority = await anAuthority();
    const trusted = await authority.trustedIssuer();
    const level = async (options: LeafOptions) => {
      const verdict = await verify((await authority.certify(principal, options)).credential, trusted);
      return verdict.ok ? verdict.level : verdict.reason;
    };
    expect(await level(qualified)).toBe('L3');
    expect(await level({ ...qualified, qcStatementOids: [] })).toBe('not_granted');
    expect(await level({ ...qualified, policyOids: [] })).toBe('not_granted');
    expect(await level({ ...qualified, policyOids: [POLICY_OID.organizationValidated] })).toBe('L2');
  });

  it('has no policy that an authority above it lacks', async () => {
    const authority = await anAuthority({ intermediate: { policyOids: [POLICY_OID.organizationValidated] } });
    const trusted = await authority.trustedIssuer();
    const { credential } = await authority.certify(principal, qualified);
    expect(await reasonOf(verify(credential, trusted))).toBe('not_granted');
  });

  it('may come as one PEM text, as DER in base64, in another order above the leaf, and with its anchor', async () => {
    const authority = await anAuthority();
    const trusted = await authority.trustedIssuer();
    const { credential, certificate } = await authority.certify(principal, organization);
    const anchor = authority.rootCertificate.toString('pem');
    const [leaf = '', middle = ''] = credential.certificate_chain;
    const forms = [
      `${leaf}\n${middle}`,
      [certificate, authority.intermediateCertificate].map((each) => each.toString('base64')),
      [leaf, anchor, middle],
    ];
    for (const certificate_chain of forms) {
      expect(await reasonOf(verify({ certificate_chain }, trusted))).toBe('accepted');
    }
  });
});

describe('a chain', () => {
  const leafOf = async (options: Partial<AuthorityOptions>, leaf = organization) => {
    const authority = await anAuthority(options);
    const { credential } = await authority.certify(principal, leaf);
    return { credential, trusted: await authority.trustedIssuer({ crlValidForDays: 4_000 }), authority };
  };

  it('needs every link and a trusted anchor', async () => {
    const { credential, trusted } = await leafOf({});
    const [leaf = ''] = credential.certificate_chain;
    expect(await reasonOf(verify({ certificate_chain: leaf }, trusted))).toBe('chain_incomplete');
    const other = await anAuthority({ name: 'Other CA' });
    expect(await reasonOf(verify(credential, await other.trustedIssuer()))).toBe('chain_incomplete');
    const withRoot = [
      ...credential.certificate_chain,
      (await leafOf({})).authority.rootCertificate.toString('pem'),
    ];
    expect(await reasonOf(verify({ certificate_chain: withRoot }, await other.trustedIssuer()))).not.toBe(
      'accepted',
    );
  });

  it('of an authority of the same name with other keys is refused', async () => {
    const { credential } = await leafOf({});
    const impostor = await anAuthority();
    expect(await reasonOf(verify(credential, await impostor.trustedIssuer()))).toBe('bad_signature');
  });

  it('is unknown where its root is there but not trusted', async () => {
    const { credential, authority } = await leafOf({});
    const other = await anAuthority({ name: 'Other CA' });
    const certificate_chain = [...credential.certificate_chain, authority.rootCertificate.toString('pem')];
    expect(await reasonOf(verify({ certificate_chain }, await other.trustedIssuer()))).toBe('unknown_issuer');
  });

  it.each<[string, Partial<AuthorityOptions>, LeafOptions, string]>([
    ['an ended leaf', {}, { ...organization, notAfter: NOW }, 'expired'],
    ['a leaf of the future', {}, { ...organization, notBefore: later(1) }, 'not_yet_valid'],
    ['an ended intermediate', { intermediate: { notAfter: later(-1) } }, organization, 'expired'],
    ['an ended root', { root: { notAfter: later(-1) } }, organization, 'expired'],
    ['an intermediate that is no authority', { intermediate: { ca: false } }, organization, 'chain_invalid'],
    [
      'an intermediate that may not sign certificates',
      { intermediate: { keyUsage: KeyUsageFlags.cRLSign } },
      organization,
      'chain_invalid',
    ],
    ['a root that allows no intermediate', { root: { pathLength: 0 } }, organization, 'chain_invalid'],
    ['a leaf that is an authority', {}, { ...organization, ca: true }, 'chain_invalid'],
    [
      'a leaf that may not sign',
      {},
      { ...organization, keyUsage: KeyUsageFlags.keyEncipherment },
      'chain_invalid',
    ],
    [
      'an unknown critical extension',
      {},
      { ...organization, extensions: [new Extension('1.2.3.4.5', true, new Uint8Array([5, 0]))] },
      'unsupported',
    ],
    [
      'name constraints',
      { intermediate: { extensions: [new Extension('2.5.29.30', false, new Uint8Array([0x30, 0]))] } },
      organization,
      'unsupported',
    ],
  ])('with %s is refused', async (_, options, leaf, reason) => {
    const { credential, trusted } = await leafOf(options, leaf);
    expect(await reasonOf(verify(credential, trusted))).toBe(reason);
  });

  it('with a root that allows one intermediate is accepted', async () => {
    const { credential, trusted } = await leafOf({
      root: { pathLength: 1 },
      intermediate: { pathLength: 0 },
    });
    expect(await reasonOf(verify(credential, trusted))).toBe('accepted');
  });

  it('can not be lengthened by a leaf', async () => {
    const authority = await anAuthority();
    const trusted = await authority.trustedIssuer();
    const leaf = await authority.certify(stranger, organization);
    const certificate_chain = [...leaf.credential.certificate_chain].reverse();
    expect(await reasonOf(verify({ certificate_chain }, trusted))).toBe('chain_invalid');
  });
});

describe('revocation of certificates', () => {
  let authority: Awaited<ReturnType<typeof anAuthority>>;
  let issued: IssuedCertificate;
  beforeEach(async () => {
    authority = await anAuthority();
    issued = await authority.certify(principal, organization);
  });

  it('refuses a revoked leaf, and no other', async () => {
    const other = await authority.certify(principal, organization);
    authority.revoke(issued.certificate);
    const trusted = await authority.trustedIssuer();
    expect(await reasonOf(verify(issued.credential, trusted))).toBe('revoked');
    expect(await reasonOf(verify(other.credential, trusted))).toBe('accepted');
  });

  it('refuses everything below a revoked intermediate', async () => {
    authority.revoke(authority.intermediateCertificate);
    expect(await reasonOf(verify(issued.credential, await authority.trustedIssuer()))).toBe('revoked');
  });

  it('refuses serial numbers and ids revoked by the framework', async () => {
    const trusted = await authority.trustedIssuer();
    const accepted = await verify(issued.credential, trusted);
    const id = accepted.ok ? accepted.credentialId : '';
    for (const revoked of [id, issued.certificate.serialNumber.toUpperCase()]) {
      const revocation = { ...trusted.revocation, revokedCredentialIds: [revoked] };
      expect(await reasonOf(verify(issued.credential, { ...trusted, revocation }))).toBe('revoked');
    }
  });

  it('needs a current list of every issuer', async () => {
    const trusted = await authority.trustedIssuer({ crlValidForDays: 7 });
    expect(await reasonOf(verify(issued.credential, trusted, { now: later(6) }))).toBe('accepted');
    expect(await reasonOf(verify(issued.credential, trusted, { now: later(7) }))).toBe('status_unavailable');
    const early = { now: new Date(NOW.getTime() - 3_600_000) };
    expect(await reasonOf(verify(issued.credential, trusted, early))).toBe('status_unavailable');
    for (const crl of trusted.revocation.crls) {
      const crls = trusted.revocation.crls.filter((other) => other !== crl);
      const lacking = { ...trusted, revocation: { ...trusted.revocation, crls } };
      expect(await reasonOf(verify(issued.credential, lacking))).toBe('status_unavailable');
    }
  });

  it('believes no list of another key or an altered one', async () => {
    const trusted = await authority.trustedIssuer();
    const impostor = await (await anAuthority()).trustedIssuer();
    const withLists = (crls: readonly string[]) => ({
      ...trusted,
      revocation: { ...trusted.revocation, crls },
    });
    expect(await reasonOf(verify(issued.credential, withLists(impostor.revocation.crls)))).toBe(
      'status_unavailable',
    );
    expect(await reasonOf(verify(issued.credential, withLists(['garbage'])))).toBe('status_unavailable');
  });
});

describe('tampering', () => {
  it('with any byte of the leaf or the intermediate is refused', async () => {
    const authority = await anAuthority();
    const trusted = await authority.trustedIssuer();
    const { certificate } = await authority.certify(principal, organization);
    const ders = [certificate, authority.intermediateCertificate].map((each) => Buffer.from(each.rawData));
    await fc.assert(
      fc.asyncProperty(fc.nat(1), fc.nat(), fc.integer({ min: 1, max: 255 }), async (which, at, flip) => {
        const altered = ders.map((der) => Buffer.from(der));
        const der = altered[which] as Buffer;
        const index = at % der.length;
        der.writeUInt8(der.readUInt8(index) ^ flip, index);
        const certificate_chain = altered.map((each) => each.toString('base64'));
        expect((await verify({ certificate_chain }, trusted)).ok).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('by bytes behind the certificate is refused', async () => {
    const authority = await anAuthority();
    const trusted = await authority.trustedIssuer();
    const { certificate } = await authority.certify(principal, organization);
    const longer = Buffer.concat([Buffer.from(certificate.rawData), Buffer.from([0])]).toString('base64');
    const certificate_chain = [longer, authority.intermediateCertificate.toString('pem')];
    expect(await reasonOf(verify({ certificate_chain }, trusted))).toBe('malformed');
  });

  it('by garbage is refused', async () => {
    const trusted = await (await anAuthority()).trustedIssuer();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.anything(),
          fc.string(),
          fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('base64')),
          fc.array(fc.base64String(), { maxLength: 9 }),
        ),
        async (certificate_chain) => {
          expect((await verify({ certificate_chain }, trusted)).ok).toBe(false);
        },
      ),
    );
    const many = Array.from({ length: 20 }, () => 'AAAA');
    expect(await reasonOf(verify({ certificate_chain: many }, trusted))).toBe('too_large');
    const long = Buffer.alloc(20_000).toString('base64');
    expect(await reasonOf(verify({ certificate_chain: long }, trusted))).toBe('too_large');
    expect(await reasonOf(verify({ format: 'sd_jwt', token: 'a.b.c' }, trusted))).toBe('unsupported');
  });
});
