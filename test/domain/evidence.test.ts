import fc from 'fast-check';
import { canonicalHash, canonicalJson } from '../../domain/canonical';
import { signBundle, verifyBundle, type BundleContent } from '../../domain/evidence';
import { personalData, withoutPersonalData } from '../../domain/evidence/withhold';
import { sha256Hex, signInstruction } from '../../domain/settlement';
import { aBundleContent, aCast, historyAlong } from '../support/evidence';

const cast = aCast();
const MADE_AT = '2026-06-01T00:00:00.000Z';
const content = () => aBundleContent(cast);
const seal = (bundle: BundleContent) => canonicalJson(signBundle(bundle, cast.aura, MADE_AT));
const failures = (text: string, key = cast.aura.publicKey) =>
  verifyBundle(text, key)
    .filter(({ passed }) => !passed)
    .map(({ check, detail }) => `${check}: ${detail}`);

describe('an evidence bundle', () => {
  it('holds in every part, with or without the line that ends its file', () => {
    const text = seal(content());
    expect(failures(text)).toEqual([]);
    expect(failures(`${text}\n`)).toEqual([]);
    expect(verifyBundle(text).map(({ check }) => check)).toEqual([
      'the form',
      "AURA's signature",
      "the seller's offer",
      'the gate',
      'the commitment',
      'instructions',
      "the rails' proofs",
      "the rails' notices",
      'the ledger',
      'the history',
      'refunds',
      'disputes',
    ]);
  });

  it('says whether the key it was checked by was given or only its own word', () => {
    const text = seal(content());
    const by = (key?: string) => verifyBundle(text, key).find(({ check }) => check === "AURA's signature");
    expect(by(cast.aura.publicKey)?.detail).toContain('the key that was given');
    expect(by()?.detail).toContain('only the bundle itself names');
    expect(by(cast.rail.publicKey)).toMatchObject({ passed: false, detail: 'the bundle names another key' });
  });

  it('does not hold once any single byte of it is changed', () => {
    const bytes = Buffer.from(seal(content()), 'utf8');
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ by;
        expect(failures(changed.toString('utf8'))).not.toEqual([]);
      }),
      { numRuns: 700 },
    );
  });

  it('does not hold, and is still read to its end, with any of its parts missing or emptied', () => {
    const { bundle, signature } = signBundle(content(), cast.aura, MADE_AT);
    for (const part of Object.keys(bundle)) {
      for (const value of [undefined, null, 0, '', [], {}]) {
        const text = canonicalJson({ bundle: { ...bundle, [part]: value }, signature });
        // An empty object is what this deal's tokens are.
        if (part === 'tokens' && canonicalJson(value ?? null) === '{}') continue;
        for (const key of [cast.aura.publicKey, undefined]) {
          expect(verifyBundle(text, key).some(({ passed }) => !passed)).toBe(true);
        }
      }
    }
  });

  it('does not hold once any byte of its signature is changed', () => {
    const bytes = Buffer.from(seal(content()), 'utf8');
    const start = bytes.lastIndexOf('"signature":"') + '"signature":"'.length;
    for (let at = start; at < bytes.length; at++) {
      // The last character before the padding has four bits that belong to no byte.
      for (const bit of at < bytes.length - 8 ? [1] : [1, 2, 4, 8, 16, 32]) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ bit;
        expect(failures(changed.toString('utf8'))).not.toEqual([]);
      }
    }
  });

  it.each<[string, (bundle: BundleContent) => void, RegExp]>([
    [
      'an offer at another price',
      (b) => void ((b.offer.document as { pricing: { offer_price: string } }).pricing.offer_price = '90.00'),
      /offer: the document is not what was signed/,
    ],
    [
      'an offer by another key',
      (b) => void (b.offer.public_key = cast.rail.publicKey),
      /offer: the seller's signature/,
    ],
    [
      'a gate that did not let it pass',
      (b) => void (b.gate = b.gate.map((step) => ({ ...step, passed: step.step !== 4 }))),
      /gate: step 4/,
    ],
    [
      'a commitment to another total',
      (b) => void (b.commitment.document.amounts.total_minor = '9000'),
      /commitment: the hash/,
    ],
    [
      'another commitment under its own hash',
      (b) => {
        b.commitment.document.quantity = 2;
        b.commitment.sha256 = canonicalHash(b.commitment.document);
      },
      /instructions: ins_1: it is for another commitment/,
    ],
    ['another consent', (b) => void (b.consent_sha256 = sha256Hex('other')), /commitment: its consent/],
    [
      'an instruction over another amount',
      (b) => void (b.instructions[0]!.instruction.amount_minor = '1'),
      /instructions: ins_1: AURA's signature/,
    ],
    [
      'an instruction over another amount, signed anew',
      (b) =>
        void Object.assign(
          b.instructions[0]!,
          signInstruction({ ...b.instructions[0]!.instruction, amount_minor: '9999' }, cast.aura),
        ),
      /instructions: ins_1: its amount/,
    ],
    [
      'a refund of another amount',
      (b) => void (b.refunds[0]!.amount_minor = '2999'),
      /instructions: ins_2: its amount/,
    ],
    [
      'refunds above the total',
      (b) => void b.refunds.push({ ...b.refunds[0]!, refund_id: 'rfd_2', amount_minor: '7001' }),
      /refunds: they exceed/,
    ],
    [
      'a proof of another amount',
      (b) => void (b.proofs[0]!.statement.amount_minor = '1'),
      /proofs: prf_1: its amount/,
    ],
    [
      'a proof at another time',
      (b) => void (b.proofs[0]!.statement.executed_at = '2026-05-04T10:02:00.000Z'),
      /proofs: prf_1: the rail's signature/,
    ],
    [
      "a rail's message that was edited",
      (b) => void (b.proofs[0]!.evidence = '<pacs.002/>'),
      /proofs: prf_1: the rail's message is not/,
    ],
    [
      "a rail's message that is missing",
      (b) => void (b.proofs[0]!.evidence = null),
      /proofs: prf_1: the rail's message is missing/,
    ],
    [
      'a key that the rail had later',
      (b) => void (b.rail_keys[0]!.valid_from = MADE_AT),
      /proofs: prf_1: rail-rtp was not/,
    ],
    [
      'a notice with another reason',
      (b) => void (b.notices[0]!.statement.reason_code = 'R01'),
      /notices: N-1: the rail's signature/,
    ],
    [
      'an entry that does not balance',
      (b) => void (b.ledger[0]!.postings[0]!.amount = '9999'),
      /ledger: novation:txn_1: it does not balance/,
    ],
    ['an entry left out', (b) => void b.ledger.pop(), /ledger: the deal is completed, but its entitlement/],
    ['a step left out', (b) => void b.history.splice(7, 1), /history: T21:8: T21 does not apply/],
    [
      'a step that leads elsewhere',
      (b) => void (b.history[10]!.to = 'completed'),
      /history: T6:10: T6 leads elsewhere/,
    ],
    [
      'a history of another state',
      (b) => void (b.history = historyAlong(['T1', 'T1', 'T1', 'T2', 'T3'])),
      /history: it does not lead to completed/,
    ],
    [
      'steps out of order',
      (b) => void (b.history[3]!.at = '2026-01-01T00:00:00.000Z'),
      /history: its steps are out of order/,
    ],
    [
      'an exhibit that was exchanged',
      (b) => void (b.disputes[0]!.statements[0]!.exhibits[0]!.content = 'other'),
      /disputes: dsp_1: the exhibit "photo"/,
    ],
    [
      'a vote that was changed',
      (b) => void (b.disputes[0]!.panel!.votes[0]!.vote.amount = '10.00'),
      /disputes: dsp_1: opr_one: the member's signature/,
    ],
    [
      'a decision that nobody voted for',
      (b) => void (b.disputes[0]!.decision!.amount_minor = '4000'),
      /disputes: dsp_1: the decision is not/,
    ],
    [
      'a part that cannot be read',
      (b) => void ((b as { ledger: unknown }).ledger = 7),
      /the ledger: it cannot be read/,
    ],
  ])('of AURA itself does not hold with %s', (_what, change, expected) => {
    const changed = content();
    change(changed);
    expect(failures(seal(changed)).join('\n')).toMatch(expected);
  });

  it.each([
    ['nothing', ''],
    ['something else', '{"bundle":{"type":"aura.offer.v2"},"signature":""}'],
    ['null', 'null'],
    ['not canonical', JSON.stringify(JSON.parse(seal(aBundleContent(cast))), null, 1)],
    ['with something besides', `{"also":1,${seal(aBundleContent(cast)).slice(1)}`],
  ])('that is %s is refused before anything in it is believed', (_what, text) => {
    expect(failures(text)).toEqual([expect.stringMatching(/^the form: it is not/)]);
  });

  it('holds without a message that was withheld, which anyone who has it can still check', () => {
    const bundle = content();
    Object.assign(bundle.proofs[0]!, { evidence: null, withheld: 'it names the payer' });
    expect(failures(seal(bundle))).toEqual([]);
  });
});

describe('what is withheld', () => {
  const words = personalData(['Jane O’Brien', '000123456789', undefined, 'J', { line1: 'x' }]);
  it.each([
    ['a name', '<Nm>JANE O&apos;BRIEN</Nm>', true],
    ['an account', '6220210000210001234567890000034999', true],
    ['neither', '<TxSts>ACSC</TxSts>', false],
  ])("is a rail's message with %s", (_what, evidence, isWithheld) => {
    const shown = withoutPersonalData({ evidence }, words);
    expect(shown.evidence === null).toBe(isWithheld);
    expect(shown.withheld === null).toBe(!isWithheld);
  });
});
