/** Credentials that were bent: accepted only as they were issued, refused soon, and nothing throws. */
import fc from 'fast-check';
import { verifyCredential, type TrustFramework } from '../../domain/credentials';
import { generateKeyPair } from '../../domain/keys';
import { createCertificateAuthority, createVcIssuer, POLICY_OID } from '../../sdk/issuer';
import { bent, longest, MIB, RUNS, soon } from '../support/bent';

jest.setTimeout(60_000);

describe('a credential that was bent', () => {
  const NOW = new Date('2026-04-01T12:00:00.000Z');
  const principal = generateKeyPair().publicKey;
  const issuer = createVcIssuer({ name: 'Registry', now: () => NOW });

  async function world() {
    const authority = await createCertificateAuthority({ name: 'Example CA', now: () => NOW });
    const leaf = { organization: 'Example GmbH', policyOids: [POLICY_OID.organizationValidated] };
    const framework: TrustFramework = {
      version: 'test',
      issuers: [issuer.trustedIssuer(), await authority.trustedIssuer()],
    };
    const chain = (await authority.certify(principal, leaf)).credential;
    const vc = issuer.organization({ principalKey: principal, legalName: 'Example GmbH' });
    const verify = (credential: unknown, trust = framework) =>
      verifyCredential(credential, { framework: trust, principalKey: principal, now: NOW });
    return { chain, vc, verify, framework };
  }

  test('is accepted only as it was issued', async () => {
    const { chain, vc, verify } = await world();
    expect((await verify(vc)).ok).toBe(true);
    expect((await verify(chain)).ok).toBe(true);
    const texts = [JSON.stringify(vc), JSON.stringify(chain)];
    const same = new Set(texts.map((text) => JSON.stringify(JSON.parse(text))));
    await fc.assert(
      fc.asyncProperty(bent(texts), async (text) => {
        const verdict = await soon(() => verify(text));
        if (!verdict.ok) return expect(verdict.detail.length).toBeLessThan(2_000);
        expect(meaningOf(text, same)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  test('with bytes of its certificates changed is refused', async () => {
    const { chain, verify } = await world();
    const certificates = chain.certificate_chain.map((pem) => derOf(pem));
    const changed = fc
      .record({
        which: fc.nat(certificates.length - 1),
        at: fc.nat(400),
        by: fc.integer({ min: 1, max: 255 }),
      })
      .map(({ which, at, by }) =>
        certificates.map((der, index) => {
          const copy = Buffer.from(der);
          if (index === which) copy.writeUInt8(copy.readUInt8(at % copy.length) ^ by, at % copy.length);
          return copy.toString('base64');
        }),
      );
    await fc.assert(
      fc.asyncProperty(changed, async (certificate_chain) => {
        expect((await soon(() => verify({ certificate_chain }))).ok).toBe(false);
      }),
      { numRuns: RUNS },
    );
  });

  test('of a megabyte, or nested without end, is refused soon', async () => {
    const { chain, vc, verify } = await world();
    for (const text of [...longest(JSON.stringify(vc), MIB), ...longest(JSON.stringify(chain), MIB)])
      expect((await soon(() => verify(text))).ok).toBe(false);
    expect((await verify(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)).ok).toBe(false);
    const long = Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x00]).toString('base64');
    const nested = Buffer.from(Array.from({ length: 4_000 }, () => [0x30, 0x80]).flat()).toString('base64');
    for (const certificate_chain of [long, nested, [long, long], Array.from({ length: 1_000 }, () => nested)])
      expect((await soon(() => verify({ certificate_chain }))).ok).toBe(false);
  });

  test('whose issuer’s lists were bent is refused or as good as before', async () => {
    const { chain, verify, framework } = await world();
    const [registry, authority] = framework.issuers;
    if (authority?.kind !== 'x509' || !registry) throw new Error('no authority');
    const lists = authority.revocation.crls;
    await fc.assert(
      fc.asyncProperty(bent([...lists]), async (crl) => {
        const crls = [crl, ...lists.slice(1)];
        const trust = {
          ...framework,
          issuers: [{ ...authority, revocation: { ...authority.revocation, crls } }],
        };
        const verdict = await soon(() => verify(chain, trust));
        if (!verdict.ok) expect(['status_unavailable', 'revoked']).toContain(verdict.reason);
      }),
      { numRuns: RUNS },
    );
  });
});

const derOf = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');

/** Whether it is, white space and all that JSON says twice aside, one of these documents. */
function meaningOf(text: string, same: ReadonlySet<string>): boolean {
  const copy = JSON.parse(text) as Record<string, unknown>;
  return same.has(JSON.stringify(copy)) || !('proof' in copy);
}
