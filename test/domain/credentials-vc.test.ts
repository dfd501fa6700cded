import fc from 'fast-check';
import {
  verifyCredential,
  type CredentialVerdict,
  type TrustFramework,
  type TrustedIssuer,
} from '../../domain/credentials';
import { hashData } from '../../domain/credentials/eddsa-jcs';
import type { Json, JsonObject } from '../../domain/credentials/snapshot';
import { didKey, generateKeyPair, multikey } from '../../domain/keys';
import { atLeast, compareTrust, isTrustLevel, maxTrust, minTrust } from '../../domain/trust';
import { createVcIssuer, type VcIssuerOptions } from '../../sdk/issuer';

const NOW = new Date('2026-04-01T12:00:00.000Z');
const DAY_MS = 86_400_000;
const later = (days: number) => new Date(NOW.getTime() + days * DAY_MS);
const principal = generateKeyPair().publicKey;
const stranger = generateKeyPair().publicKey;
const to = { principalKey: principal };
const record = { transactions: 1_250, fulfilledShare: 0.985, disputeShare: 0.004, asOf: '2026-03-31' };

const anIssuer = (options: VcIssuerOptions = {}) =>
  createVcIssuer({ name: 'Registry', now: () => NOW, attestsTradeRecord: true, ...options });
const framework = (...issuers: TrustedIssuer[]): TrustFramework => ({ version: 'test', issuers });
const verify = (credential: unknown, trust: TrustFramework, now = NOW): Promise<CredentialVerdict> =>
  verifyCredential(credential, { framework: trust, principalKey: principal, now });
const reasonOf = async (verdict: Promise<CredentialVerdict>) => {
  const result = await verdict;
  return result.ok ? 'accepted' : result.reason;
};

describe('trust levels', () => {
  it('are ordered', () => {
    expect(maxTrust('L1', 'L3', 'L2')).toBe('L3');
    expect(maxTrust()).toBe('L0');
    expect(minTrust('L2', 'L1')).toBe('L1');
    expect(minTrust()).toBe('L3');
    expect(atLeast('L2', 'L2')).toBe(true);
    expect(atLeast('L1', 'L2')).toBe(false);
    expect(compareTrust('L0', 'L3')).toBeLessThan(0);
    expect(isTrustLevel('L4')).toBe(false);
  });
});

describe('the published vector of eddsa-jcs-2022', () => {
  const key = 'z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2';
  const context = ['https://www.w3.org/ns/credentials/v2', 'https://www.w3.org/ns/credentials/examples/v2'];
  const document = {
    '@context': context,
    id: 'urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33',
    type: ['VerifiableCredential', 'AlumniCredential'],
    name: 'Alumni Credential',
    description: 'A minimum viable example of an Alumni Credential.',
    issuer: 'https://vc.example/issuers/5678',
    validFrom: '2023-01-01T00:00:00Z',
    credentialSubject: { id: 'did:example:abcdefgh', alumniOf: 'The School of Examples' },
  };
  const proof = {
    type: 'DataIntegrityProof',
    cryptosuite: 'eddsa-jcs-2022',
    created: '2023-02-24T23:36:38Z',
    verificationMethod: `https://vc.example/issuers/5678#${key}`,
    proofPurpose: 'assertionMethod',
    '@context': context,
  };
  const proofValue =
    'z63t83Y53KfzJ5ZosfKTnqfMcKB2dmTrfjSaQjeNNjAD5srBowQfmWqeRb8rRjmeEuCBEsddF9LsVogtuTsijJKh4';
  const issuer: TrustedIssuer = {
    ...anIssuer().trustedIssuer(),
    issuerId: 'https://vc.example/issuers/5678',
    keys: [{ publicKeyMultibase: key }],
    grants: [{ credentialType: 'AlumniCredential', level: 'L1' }],
  };

  it('hashes the document as published', () => {
    expect(hashData(document, proof).subarray(32).toString('hex')).toBe(
      '59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19',
    );
  });

  it('verifies, so that only its foreign subject is refused', async () => {
    const signed = { ...document, proof: { ...proof, proofValue } };
    expect(await reasonOf(verify(signed, framework(issuer)))).toBe('subject_mismatch');
    const tampered = { ...signed, name: 'Alumni credential' };
    expect(await reasonOf(verify(tampered, framework(issuer)))).toBe('bad_signature');
  });
});

describe('a W3C credential', () => {
  it.each([
    ['contact', 'L1'],
    ['domain', 'L1'],
    ['organization', 'L2'],
    ['legalEntity', 'L3'],
  ] as const)('of kind %s gives %s', async (kind, level) => {
    const issuer = anIssuer();
    const credentials = {
      contact: () => issuer.contact({ ...to, email: 'a@example.com' }),
      domain: () => issuer.domain({ ...to, domain: 'example.com' }),
      organization: () => issuer.organization({ ...to, legalName: 'Example GmbH' }),
      legalEntity: () =>
        issuer.legalEntity({ ...to, legalName: 'Example GmbH', lei: '529900T8BM49AURSDO55' }),
    };
    const verdict = await verify(credentials[kind](), framework(issuer.trustedIssuer()));
    expect(verdict).toMatchObject({ ok: true, level, kind: 'w3c_vc', issuerId: issuer.issuerId });
  });

  it('may come wrapped, and as text', async () => {
    const issuer = anIssuer();
    const credential = issuer.organization({ ...to, legalName: 'Example GmbH' });
    const trust = framework(issuer.trustedIssuer());
    expect(await reasonOf(verify({ format: 'w3c_vc', credential }, trust))).toBe('accepted');
    expect(await reasonOf(verify(JSON.stringify(credential), trust))).toBe('accepted');
  });

  it('is valid until the first end of what it relies on', async () => {
    const issuer = anIssuer();
    const credential = issuer.organization({ ...to, legalName: 'Example GmbH', validForDays: 30 });
    const trusted = issuer.trustedIssuer();
    const byCredential = await verify(credential, framework(trusted));
    expect(byCredential).toMatchObject({ validUntil: later(30).toISOString(), subjectName: 'Example GmbH' });
    const byIssuer = await verify(credential, framework({ ...trusted, validUntil: later(5).toISOString() }));
    expect(byIssuer).toMatchObject({ validUntil: later(5).toISOString() });
  });

  it('accepts the shape of version 1.1', async () => {
    const issuer = anIssuer();
    const credential = issuer.secure({
      '@context': ['https://www.w3.org/2018/credentials/v1', 'https://w3id.org/security/data-integrity/v2'],
      type: ['VerifiableCredential', 'OrganizationCredential'],
      issuer: { id: issuer.issuerId, name: 'Registry' },
      issuanceDate: '2026-01-01T00:00:00Z',
      expirationDate: '2026-06-01T00:00:00Z',
      credentialSubject: [{ id: didKey(principal), name: 'Example' }],
    });
    const verdict = await verify(credential, framework(issuer.trustedIssuer()));
    expect(verdict).toMatchObject({ ok: true, validUntil: '2026-06-01T00:00:00.000Z' });
    expect(await reasonOf(verify(credential, framework(issuer.trustedIssuer()), later(90)))).toBe('expired');
  });

  it('may name the key instead of being about its did:key', async () => {
    const issuer = anIssuer();
    const about = (subject: JsonObject) =>
      issuer.secure({
        '@context': ['https://www.w3.org/ns/credentials/v2'],
        type: ['VerifiableCredential', 'OrganizationCredential'],
        issuer: issuer.issuerId,
        credentialSubject: subject,
      });
    const trust = framework(issuer.trustedIssuer());
    const publicKeyMultibase = multikey(principal);
    expect(await reasonOf(verify(about({ id: 'did:web:example.com', publicKeyMultibase }), trust))).toBe(
      'accepted',
    );
    expect(await reasonOf(verify(about({ id: 'did:web:example.com' }), trust))).toBe('subject_mismatch');
    const other = about({ id: didKey(stranger), publicKeyMultibase });
    expect(await reasonOf(verify(other, trust))).toBe('subject_mismatch');
  });

  it('is refused when any value of it is changed', async () => {
    const issuer = anIssuer();
    const trust = framework(issuer.trustedIssuer());
    const credential = issuer.tradeRecord({ ...to, record });
    expect(await reasonOf(verify(credential, trust))).toBe('accepted');
    const paths = leafPaths(credential);
    expect(paths.length).toBeGreaterThan(20);
    for (const path of paths) {
      for (const tampered of [changed(credential, path), removed(credential, path)]) {
        expect([path, (await verify(tampered, trust)).ok]).toEqual([path, false]);
      }
    }
    expect((await verify({ ...credential, added: 1 }, trust)).ok).toBe(false);
  });

  it('only acts on what was signed: a context added behind the signed ones changes nothing', async () => {
    const issuer = anIssuer();
    const credential = issuer.organization({ ...to, legalName: 'Example GmbH' });
    const context = [...(credential['@context'] as Json[]), 'https://example.com/later'];
    const trust = framework(issuer.trustedIssuer());
    expect(await reasonOf(verify({ ...credential, '@context': context }, trust))).toBe('accepted');
    const before = ['https://www.w3.org/ns/credentials/v2', 'https://example.com/x'];
    expect(await reasonOf(verify({ ...credential, '@context': before.reverse() }, trust))).toBe('malformed');
  });

  it.each<[string, JsonObject, string]>([
    ['another cryptosuite', { cryptosuite: 'eddsa-rdfc-2022' }, 'unsupported'],
    ['another purpose', { proofPurpose: 'authentication' }, 'bad_signature'],
    ['a proof of the future', { created: '2026-04-01T12:10:00Z' }, 'not_yet_valid'],
    ['an ended proof', { expires: '2026-04-01T12:00:00Z' }, 'expired'],
    ['an unreadable date', { created: 'yesterday' }, 'malformed'],
    ['a proof chain', { previousProof: 'urn:uuid:1' }, 'unsupported'],
    [
      'a key of somebody else',
      { verificationMethod: `${didKey(stranger)}#${multikey(stranger)}` },
      'bad_signature',
    ],
  ])('is refused for %s, although that was signed', async (_, proof, reason) => {
    const issuer = anIssuer();
    const { proof: _unused, ...document } = issuer.organization({ ...to, legalName: 'Example GmbH' });
    expect(await reasonOf(verify(issuer.secure(document, proof), framework(issuer.trustedIssuer())))).toBe(
      reason,
    );
  });

  it('is refused where its issuer is not trusted, now, for this', async () => {
    const issuer = anIssuer();
    const trusted = issuer.trustedIssuer();
    const credential = issuer.organization({ ...to, legalName: 'Example GmbH' });
    expect(await reasonOf(verify(credential, framework()))).toBe('unknown_issuer');
    expect(await reasonOf(verify(credential, framework(anIssuer().trustedIssuer())))).toBe('unknown_issuer');
    expect(await reasonOf(verify(credential, framework({ ...trusted, status: 'suspended' })))).toBe(
      'issuer_suspended',
    );
    const ended = { ...trusted, validUntil: NOW.toISOString() };
    expect(await reasonOf(verify(credential, framework(ended)))).toBe('issuer_suspended');
    expect(await reasonOf(verify(credential, framework({ ...trusted, validUntil: 'soon' })))).toBe(
      'issuer_suspended',
    );
    expect(await reasonOf(verify(issuer.issue('PoemCredential', {}, to), framework(trusted)))).toBe(
      'not_granted',
    );
  });

  it("can't be signed by an impostor under a trusted issuer's name", async () => {
    const trusted = anIssuer({ issuerId: 'https://registry.example' }).trustedIssuer();
    const impostor = anIssuer({ issuerId: 'https://registry.example' });
    const credential = impostor.organization({ ...to, legalName: 'Example GmbH' });
    expect(await reasonOf(verify(credential, framework(trusted)))).toBe('bad_signature');
  });

  it('is refused before and after its time, and for another principal', async () => {
    const issuer = anIssuer();
    const credential = issuer.organization({
      ...to,
      legalName: 'Example GmbH',
      validForDays: 10,
      revocable: false,
    });
    const trust = framework(issuer.trustedIssuer());
    expect(await reasonOf(verify(credential, trust, later(9)))).toBe('accepted');
    expect(await reasonOf(verify(credential, trust, later(10)))).toBe('expired');
    expect(await reasonOf(verify(credential, trust, later(-0.5)))).toBe('not_yet_valid');
    const forStranger = issuer.organization({ principalKey: stranger, legalName: 'Example GmbH' });
    expect(await reasonOf(verify(forStranger, trust))).toBe('subject_mismatch');
  });
});

describe('revocation of W3C credentials', () => {
  it('works by status list, for the revoked one only', async () => {
    const issuer = anIssuer();
    const [first, second] = ['A', 'B'].map((legalName) => issuer.organization({ ...to, legalName }));
    issuer.revoke(first?.id as string);
    const trust = framework(issuer.trustedIssuer());
    expect(await reasonOf(verify(first, trust))).toBe('revoked');
    expect(await reasonOf(verify(second, trust))).toBe('accepted');
  });

  it('works by name', async () => {
    const issuer = anIssuer();
    const credential = issuer.organization({ ...to, legalName: 'A', revocable: false });
    issuer.revokeById(credential.id as string);
    expect(await reasonOf(verify(credential, framework(issuer.trustedIssuer())))).toBe('revoked');
  });

  it('refuses what it cannot check', async () => {
    const issuer = anIssuer();
    const credential = issuer.organization({ ...to, legalName: 'A' });
    const trusted = issuer.trustedIssuer();
    const withList = (list: unknown) =>
      framework({
        ...trusted,
        revocation: { ...trusted.revocation, statusLists: { [issuer.statusListUrl]: list } },
      });
    const missing = framework({ ...trusted, revocation: { revokedCredentialIds: [], statusLists: {} } });
    expect(await reasonOf(verify(credential, missing))).toBe('status_unavailable');
    const list = issuer.statusList();
    for (const path of leafPaths(list)) {
      expect([path, (await verify(credential, withList(changed(list, path)))).ok]).toEqual([path, false]);
    }
    expect(await reasonOf(verify(credential, withList(anIssuer().statusList())))).toBe('status_unavailable');
    expect(await reasonOf(verify(credential, withList('garbage')))).toBe('status_unavailable');
    expect(await reasonOf(verify(credential, withList(list), later(31)))).toBe('status_unavailable');
  });
});

describe('a trade record', () => {
  it('comes with the verdict and grants no level of its own', async () => {
    const issuer = anIssuer();
    const verdict = await verify(issuer.tradeRecord({ ...to, record }), framework(issuer.trustedIssuer()));
    expect(verdict).toMatchObject({ ok: true, level: 'L0', tradeRecord: record });
  });

  it('is believed only of issuers that may attest it', async () => {
    const issuer = anIssuer({ attestsTradeRecord: false });
    const verdict = verify(issuer.tradeRecord({ ...to, record }), framework(issuer.trustedIssuer()));
    expect(await reasonOf(verdict)).toBe('not_granted');
  });

  it.each([
    { transactions: -1 },
    { transactions: 1.5 },
    { transactions: 2_000_000_000 },
    { fulfilledShare: 1.01 },
    { disputeShare: -0.1 },
    { asOf: '2026-13-01' },
    { asOf: '2027-01-01' },
  ])('is bounded: %j', async (wrong) => {
    const issuer = anIssuer();
    const credential = issuer.tradeRecord({ ...to, record: { ...record, ...wrong } });
    const verdict = await verify(credential, framework(issuer.trustedIssuer()));
    const [field] = Object.keys(wrong);
    expect(verdict).toMatchObject({
      ok: false,
      reason: 'malformed',
      field: `credentialSubject.tradeRecord.${field}`,
    });
  });
});

describe('garbage', () => {
  const issuer = anIssuer();
  const trust = framework(issuer.trustedIssuer());

  it('is refused, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.anything(), fc.json()), async (input) => {
        expect((await verify(input, trust)).ok).toBe(false);
      }),
    );
  });

  it('is refused in place of any part of a credential', async () => {
    const credential = issuer.organization({ ...to, legalName: 'A' });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...leafPaths(credential)), fc.jsonValue(), async (path, value) => {
        const tampered = replaced(credential, path.slice(0, 1 + (path.length % 2)), value as Json);
        fc.pre(JSON.stringify(tampered) !== JSON.stringify(credential));
        fc.pre(path[0] !== '@context');
        expect((await verify(tampered, trust)).ok).toBe(false);
      }),
    );
  });

  it('is bounded in size and depth, circles included', async () => {
    const circle: Record<string, unknown> = { '@context': [] };
    circle.self = circle;
    expect(await reasonOf(verify(circle, trust))).toBe('too_large');
    expect(await reasonOf(verify({ '@context': 'x'.repeat(300_000) }, trust))).toBe('too_large');
    expect(await reasonOf(verify('['.repeat(100_000), trust))).toBe('malformed');
    const thrower = {
      get proof(): never {
        throw new Error('no');
      },
    };
    expect(await reasonOf(verify(thrower, trust))).toBe('malformed');
  });
});

type Path = (string | number)[];

function leafPaths(value: Json, path: Path = []): Path[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => leafPaths(item, [...path, index]));
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, item]) => leafPaths(item, [...path, key]));
  }
  return [path];
}

function edit(
  value: Json,
  path: Path,
  change: (parent: Record<string | number, Json>, key: string | number) => void,
): JsonObject {
  const root = structuredClone(value) as JsonObject;
  let parent = root as Record<string | number, Json>;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string | number, Json>;
  change(parent, path.at(-1) as string | number);
  return root;
}

const changed = (value: Json, path: Path): JsonObject =>
  edit(value, path, (parent, key) => {
    const old = parent[key];
    parent[key] = typeof old === 'number' ? old / 2 + 1 : flipped(old as string);
  });
const removed = (value: Json, path: Path): JsonObject =>
  edit(value, path, (parent, key) => {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
  });
const replaced = (value: Json, path: Path, by: Json): JsonObject =>
  edit(value, path, (parent, key) => (parent[key] = by));

/** Changes one character in the middle. */
function flipped(text: string): string {
  const at = text.length >> 1;
  return `${text.slice(0, at)}${text[at] === '2' ? '3' : '2'}${text.slice(at + 1)}`;
}
