import { checkProof, MAX_SKEW_MS, PROOF_CHECKS, type ProofContext } from '../../domain/clearing/proof';
import { createSigner, generateKeyPair } from '../../domain/keys';
import { sha256Hex, signProof, type Instruction, type ProofStatement } from '../../domain/settlement';
import { bentSignatures } from '../support/ed25519-tricks';

const rail = createSigner(generateKeyPair().privateKeyPem, 'rtp-2026');
const stranger = createSigner(generateKeyPair().privateKeyPem, 'rtp-2026');
const EVIDENCE = '<pacs.002/>';
const at = (seconds: number) => new Date(Date.parse('2026-04-01T12:00:00.000Z') + seconds * 1_000);

const instruction: Instruction = {
  type: 'aura.settlement-instruction.v1',
  instruction_id: 'ins_1',
  kind: 'pay_in',
  rail: 'rtp',
  amount_minor: '10000',
  asset: 'USD',
  debtor: { account_ref: 'acc_1', mandate_ref: 'mnd_1' },
  creditor: { account_ref: 'aura' },
  subject_id: 'txn_1',
  commitment_hash: 'c'.repeat(64),
  created_at: at(0).toISOString(),
  expires_at: at(60).toISOString(),
};
const STATEMENT: ProofStatement = {
  type: 'aura.settlement-proof.v1',
  rail: 'rtp',
  network: 'rtp-sandbox',
  instruction_id: 'ins_1',
  commitment_hash: 'c'.repeat(64),
  amount_minor: '10000',
  asset: 'USD',
  reference: 'REF-1',
  line: '0',
  business_date: '2026-04-01',
  finality: 'irrevocable',
  executed_at: at(5).toISOString(),
  evidence_format: 'iso20022:pacs.002.001.10',
  evidence_sha256: sha256Hex(EVIDENCE),
};
const RAIL_KEY = { keyId: 'rtp-2026', publicKey: rail.publicKey, validFrom: at(-1_000), validTo: null };

function judge(statement: Partial<ProofStatement>, context: Partial<ProofContext> = {}) {
  return checkProof({
    instruction,
    proof: signProof({ ...STATEMENT, ...statement }, EVIDENCE, rail),
    railKeys: [RAIL_KEY],
    finalityAsked: 'confirmed',
    now: at(10),
    referenceUsed: false,
    ...context,
  });
}
const failed = (...given: Parameters<typeof judge>) =>
  judge(...given)
    .checks.filter(({ passed }) => !passed)
    .map(({ check }) => check);

describe('a proof of settlement', () => {
  it('is accepted when all five checks pass', () => {
    const { accepted, checks } = judge({});
    expect(accepted).toBe(true);
    expect(checks.map(({ check }) => check)).toEqual([...PROOF_CHECKS]);
    expect(PROOF_CHECKS).toHaveLength(5);
  });

  const by = (keys: ProofContext['railKeys']) => ({ railKeys: keys });
  const forged = { proof: signProof(STATEMENT, EVIDENCE, stranger) };
  const altered = signProof(STATEMENT, EVIDENCE, rail);
  it.each<[string, string, Partial<ProofStatement>, Partial<ProofContext>]>([
    ['signature', 'another key under the same name', {}, forged],
    [
      'signature',
      'a statement changed after signing',
      {},
      { proof: { ...altered, statement: { ...STATEMENT, reference: 'REF-2' } } },
    ],
    ['signature', 'other evidence', {}, { proof: { ...altered, evidence: '<pacs.008/>' } }],
    ['signature', 'evidence the statement does not name', { evidence_sha256: sha256Hex('x') }, {}],
    ['signature', 'no key of the rail', {}, by([])],
    ['signature', 'a key by another name', {}, by([{ ...RAIL_KEY, keyId: 'fednow-2026' }])],
    ['signature', 'a key the rail did not hold yet', {}, by([{ ...RAIL_KEY, validFrom: at(6) }])],
    ['signature', 'a key the rail had given up', {}, by([{ ...RAIL_KEY, validTo: at(5) }])],
    ['amount', 'a cent less', { amount_minor: '9999' }, {}],
    ['amount', 'a cent more', { amount_minor: '10001' }, {}],
    ['amount', 'the same number written otherwise', { amount_minor: '10000.0' }, {}],
    ['amount', 'another asset', { asset: 'EUR' }, {}],
    ['correlation', 'another instruction', { instruction_id: 'ins_2' }, {}],
    ['correlation', 'another commitment', { commitment_hash: 'd'.repeat(64) }, {}],
    ['correlation', 'another rail', { rail: 'fednow' }, {}],
    ['correlation', 'a reference that counted before', {}, { referenceUsed: true }],
    ['finality', 'less than asked for', { finality: 'provisional' }, {}],
    ['finality', 'a finality nobody knows', { finality: 'sure' as 'confirmed' }, {}],
    ['timeliness', 'an execution before the instruction', { executed_at: at(-121).toISOString() }, {}],
    ['timeliness', 'an execution after the expiry', { executed_at: at(180).toISOString() }, { now: at(500) }],
    ['timeliness', 'an execution in the future', { executed_at: at(131).toISOString() }, {}],
    ['timeliness', 'an execution at no time', { executed_at: 'yesterday' }, {}],
  ])('fails at its %s alone: %s', (check, _, statement, context) => {
    expect(failed(statement, context)).toEqual([check]);
    expect(judge(statement, context).accepted).toBe(false);
  });

  it('allows two minutes of skew on either side, and no more', () => {
    expect(MAX_SKEW_MS).toBe(120_000);
    expect(failed({ executed_at: at(-120).toISOString() })).toEqual([]);
    expect(failed({ executed_at: at(130).toISOString() }, { now: at(10) })).toEqual([]);
    expect(failed({ executed_at: at(179.999).toISOString() }, { now: at(500) })).toEqual([]);
  });

  it('is accepted from the instant a key is valid, and from a retired key for what came before', () => {
    expect(failed({}, by([{ ...RAIL_KEY, validFrom: at(5) }]))).toEqual([]);
    expect(failed({}, by([{ ...RAIL_KEY, validTo: at(5.001) }]))).toEqual([]);
  });

  it('needs no more than the profile’s finality', () => {
    expect(failed({ finality: 'provisional' }, { finalityAsked: 'provisional' })).toEqual([]);
    expect(failed({ finality: 'irrevocable' }, { finalityAsked: 'provisional' })).toEqual([]);
    expect(failed({ finality: 'confirmed' }, { finalityAsked: 'irrevocable' })).toEqual(['finality']);
  });

  it('holds by the one way to write its signature', () => {
    const good = signProof(STATEMENT, EVIDENCE, rail);
    for (const [what, signature] of bentSignatures(good.signature))
      expect([what, failed({}, { proof: { ...good, signature } })]).toEqual([what, ['signature']]);
  });

  it('holds for the statement that was signed, to the last character of each field', () => {
    const good = signProof(STATEMENT, EVIDENCE, rail);
    for (const [field, value] of Object.entries({ ...STATEMENT } as Record<string, string>)) {
      for (const bent of [`${value}0`, ` ${value}`, value.slice(1), value.toUpperCase(), undefined]) {
        if (bent === value) continue;
        const proof = { ...good, statement: { ...STATEMENT, [field]: bent } };
        expect([field, bent, judge({}, { proof }).checks[0]?.passed]).toEqual([field, bent, false]);
      }
      const swapped = Object.fromEntries(Object.entries(STATEMENT).reverse()) as unknown as ProofStatement;
      expect(failed({}, { proof: { ...good, statement: swapped } })).toEqual([]);
    }
  });

  it('tells of every check, also after one failed', () => {
    const { checks } = judge({ amount_minor: '1', instruction_id: 'ins_2' }, forged);
    expect(checks).toHaveLength(5);
    expect(checks.every(({ detail }) => detail.length > 0)).toBe(true);
    expect(failed({ amount_minor: '1', instruction_id: 'ins_2' })).toEqual(['amount', 'correlation']);
  });
});
