/** The method of a deal: laws of the rule, and its worked examples. */
import fc from 'fast-check';
import { chooseRails, costMinor, type RailOption } from '../../domain/clearing/rail-choice';
import { runGate } from '../../domain/gate';
import {
  declaredRails,
  isAmong,
  METHOD_NAMES,
  METHOD_TABLE,
  methodOfRail,
  negotiated,
  paymentStatus,
  paymentTerms,
  preferenceRank,
  railsOfMethod,
  sidesProblem,
  type DeclaredMethod,
  type MethodName,
  type PaymentCapabilities,
  type PaymentSides,
} from '../../domain/payments';
import { CLEARING_STATES } from '../../domain/lifecycle';
import { derivedId } from '../../domain/payments/derived-id';
import { isSandboxAccount, sandboxAccountOf } from '../../domain/payments/sandbox-accounts';
import { cardOfTestToken, isLuhn, TEST_CARDS, testCardToken } from '../../domain/payments/test-cards';
import { isId } from '../../domain/ids';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { RAILS, type RailName } from '../../domain/settlement';
import { gateFacts } from '../support/gate-facts';

const NETWORKS = ['ach', 'rtp', 'fednow', 'sepa', 'visa', 'amex', 'ethereum'];
const CURRENCIES = ['USD', 'EUR', 'USDC', 'USDT'];

const some = (from: readonly string[]) =>
  fc.option(fc.uniqueArray(fc.constantFrom(...from), { minLength: 1, maxLength: 3 }), { nil: undefined });
const anEntry: fc.Arbitrary<DeclaredMethod> = fc.record(
  {
    type: fc.constantFrom(...METHOD_NAMES),
    facilitators: some(['stripe', 'square']),
    currencies: some(CURRENCIES),
    networks: some(NETWORKS),
    regions: some(['US', 'DE']),
  },
  { requiredKeys: ['type'] },
);
const aName = fc.option(fc.constantFrom(...METHOD_NAMES), { nil: undefined });
const aSide: fc.Arbitrary<PaymentCapabilities | undefined> = fc.option(
  fc.record({ methods: fc.array(anEntry, { minLength: 1, maxLength: 5 }), preferredMethod: aName }),
  { nil: undefined },
);
const sides: fc.Arbitrary<PaymentSides> = fc.record({ scout: aSide, beacon: aSide, named: aName });

const option = (rail: RailName): RailOption => ({
  rail,
  terms: RAIL_TERMS[rail],
  operated: true,
  healthy: true,
  sellerAccepts: true,
  mandateLeftMinor: 500_000n,
  mandateIsExact: false,
  mandateRef: `mnd_${rail}`,
});
const ALL = RAILS.map(option);
const need = { asset: 'USD', totalMinor: 10_000n, finality: 'provisional' } as const;
const choose = (of: PaymentSides, options: readonly RailOption[] = ALL) =>
  chooseRails(options, { ...need, sides: of }).rails.map(({ rail }) => rail);

/** Both say the same of everything but the named fields. */
const scoutWith = (...types: DeclaredMethod[]): PaymentCapabilities => ({ methods: types });

describe('the negotiated method', () => {
  it('is never one that a side does not accept', () => {
    fc.assert(
      fc.property(sides, (of) => {
        const named = of.named === undefined ? [] : railsOfMethod(of.named);
        for (const rail of choose(of)) {
          const payer = declaredRails(of.scout, 'USD') ?? RAILS;
          const seller = declaredRails(of.beacon, 'USD') ?? RAILS;
          expect([...payer, ...named]).toContain(rail);
          expect(seller).toContain(rail);
        }
      }),
    );
  });

  it('is the named one, else the scout’s preferred, else the beacon’s, else the cheapest', () => {
    fc.assert(
      fc.property(sides, (of) => {
        const open = RAILS.filter((rail) => sidesProblem(of, rail, 'USD') === undefined);
        const wishes = [of.named, of.scout?.preferredMethod, of.beacon?.preferredMethod];
        const wish = wishes.find(
          (one) => one !== undefined && railsOfMethod(one).some((rail) => open.includes(rail)),
        );
        const eligible =
          wish === undefined ? open : open.filter((rail) => railsOfMethod(wish).includes(rail));
        const costs = eligible.map((rail) => costMinor(RAIL_TERMS[rail], need.totalMinor));
        const cheapest = eligible.filter((_rail, index) =>
          costs.every((cost) => cost >= (costs[index] ?? 0n)),
        );
        const [first] = choose(of);
        expect(first).toBe([...cheapest].sort()[0]);
      }),
    );
  });

  it('does not depend on the order in which rails are listed', () => {
    const shuffled = fc.shuffledSubarray(ALL, { minLength: ALL.length });
    fc.assert(fc.property(sides, shuffled, (of, options) => expect(choose(of, options)).toEqual(choose(of))));
  });

  it('tells of preferences that were met, and only of those', () => {
    fc.assert(
      fc.property(sides, fc.constantFrom(...RAILS), (of, rail) => {
        const result = negotiated(of, rail, 'USD');
        const met = (wish: MethodName | undefined) =>
          wish === undefined || railsOfMethod(wish).includes(rail);
        expect(result).toMatchObject({
          negotiated_method: methodOfRail(rail),
          currency: 'USD',
          scout_preference_match: met(of.named ?? of.scout?.preferredMethod),
          beacon_preference_match: met(of.beacon?.preferredMethod),
        });
      }),
    );
  });

  it('is that of the protocol’s own example', () => {
    const scout: PaymentCapabilities = {
      methods: [
        { type: 'x402', facilitators: ['stripe', 'square'], currencies: ['USD', 'EUR', 'GBP'] },
        { type: 'card', networks: ['visa', 'mastercard', 'amex'], tokenization_provider: 'stripe' },
        { type: 'bank_transfer', regions: ['US'], networks: ['ach'] },
        { type: 'crypto', currencies: ['USDC', 'USDT'], networks: ['ethereum', 'polygon'] },
      ],
      preferredMethod: 'x402',
    };
    const beacon: PaymentCapabilities = {
      methods: [
        { type: 'x402', facilitators: ['stripe'], currencies: ['USD', 'EUR'] },
        { type: 'card', networks: ['visa', 'mastercard', 'amex', 'discover'], processor: 'stripe' },
      ],
      preferredMethod: 'x402',
    };
    expect(choose({ scout, beacon })).toEqual(['x402', 'card']);
    expect(negotiated({ scout, beacon }, 'x402', 'USD')).toEqual({
      negotiated_method: 'x402',
      facilitator: 'stripe',
      currency: 'USD',
      scout_preference_match: true,
      beacon_preference_match: true,
    });
    expect(choose({ scout, beacon, named: 'card' })).toEqual(['card', 'x402']);
  });

  it.each<[string, PaymentSides, RailName, RegExp]>([
    [
      'networks',
      {
        scout: scoutWith({ type: 'card', networks: ['visa'] }),
        beacon: scoutWith({ type: 'card', networks: ['amex'] }),
      },
      'card',
      /share no network/,
    ],
    [
      'facilitators',
      {
        scout: scoutWith({ type: 'x402', facilitators: ['a1'] }),
        beacon: scoutWith({ type: 'x402', facilitators: ['b1'] }),
      },
      'x402',
      /share no facilitator/,
    ],
    [
      'a named facilitator',
      { named: 'x402', facilitator: 'square', beacon: scoutWith({ type: 'x402', facilitators: ['stripe'] }) },
      'x402',
      /facilitator square/,
    ],
    [
      'regions',
      { scout: scoutWith({ type: 'bank_transfer', regions: ['DE'] }) },
      'rtp',
      /payer does not support/,
    ],
    [
      'currencies',
      { beacon: scoutWith({ type: 'x402', currencies: ['EUR'] }) },
      'x402',
      /seller does not accept/,
    ],
    [
      'the settlement currency',
      { beacon: { methods: [{ type: 'card' }], settlementCurrency: 'EUR' } },
      'card',
      /settles in EUR/,
    ],
    [
      'a method that the seller rules out',
      { named: 'card', beacon: scoutWith({ type: 'rtp' }) },
      'rtp',
      /payer asks for card/,
    ],
  ])('is refused over %s that do not meet', (_what, of, rail, reason) => {
    expect(sidesProblem(of, rail, 'USD')).toMatch(reason);
  });

  it('ranks the two sides’ wishes after the named method', () => {
    const of: PaymentSides = {
      named: 'card',
      scout: { methods: [], preferredMethod: 'bank_transfer' },
      beacon: { methods: [], preferredMethod: 'crypto' },
    };
    const ranked = ['card', 'ach', 'stablecoin', 'x402'] as const;
    expect(ranked.map((rail) => preferenceRank(of, rail))).toEqual([0, 1, 2, 3]);
  });
});

describe('the gate', () => {
  it('names what both sides accept when they have nothing in common', () => {
    const gate = runGate(
      gateFacts((facts) => {
        facts.payment = {
          scout: scoutWith({ type: 'card' }),
          beacon: scoutWith({ type: 'crypto' }, { type: 'ach' }),
        };
      }),
    );
    if (gate.passed) throw new Error('the gate passed');
    expect(gate.refusal).toMatchObject({
      code: 'BUSINESS_RULE_VIOLATION',
      details: {
        step: 'settlement_compatibility',
        rule: 'no_common_rail',
        scout_accepts: ['card'],
        beacon_accepts: ['stablecoin', 'ach'],
      },
    });
  });

  it('decides the payment that is stored with the deal', () => {
    const gate = runGate(gateFacts((facts) => (facts.terms.payment = { named: 'bank_transfer' })));
    expect(gate.passed && gate.decision.payment).toEqual({
      negotiated_method: 'bank_transfer',
      currency: 'USD',
      scout_preference_match: true,
      beacon_preference_match: true,
    });
  });
});

describe('methods and rails', () => {
  it('have one row for each rail, and every name leads to one', () => {
    expect(METHOD_TABLE.map(({ rail }) => rail).sort()).toEqual([...RAILS].sort());
    for (const name of METHOD_NAMES) expect(railsOfMethod(name).length).toBeGreaterThan(0);
  });

  it('know whether a preference is among what was declared', () => {
    expect(isAmong('ach', [{ type: 'bank_transfer', networks: ['ACH'] }])).toBe(true);
    expect(isAmong('rtp', [{ type: 'bank_transfer', networks: ['ach'] }])).toBe(false);
    expect(isAmong('bank_transfer', [{ type: 'rtp' }])).toBe(true);
    expect(isAmong('card', [{ type: 'x402' }])).toBe(false);
  });

  it('have a status for every clearing state', () => {
    expect(CLEARING_STATES.map(paymentStatus)).not.toContain(undefined);
    expect(paymentStatus(null)).toBe('pending');
  });

  it('show the card’s last digits only while it is a card that pays', () => {
    const payment = { ...negotiated({}, 'card', 'USD'), last_four: '4242' };
    const deal = { asset: 'USD', clearingState: 'settled' as const, payment };
    expect(paymentTerms({ ...deal, rail: 'card' })).toMatchObject({
      status: 'captured',
      method: 'card',
      last_four: '4242',
    });
    expect(paymentTerms({ ...deal, rail: 'rtp' })).not.toHaveProperty('last_four');
  });
});

describe('the sandbox’s means of payment', () => {
  it('are test cards with a check digit, each told by its last four digits', () => {
    const numbers = Object.keys(TEST_CARDS);
    expect(numbers.every(isLuhn)).toBe(true);
    for (const number of numbers) expect(cardOfTestToken(testCardToken(number, 'X1'))?.number).toBe(number);
    expect(cardOfTestToken('tok_test_1234')).toBeUndefined();
    expect(cardOfTestToken('tok_01KAAA')).toBeUndefined();
  });

  it('are accounts of a range of their own, the same for the same principal', () => {
    fc.assert(
      fc.property(fc.string(), (principal) => {
        const account = sandboxAccountOf(principal);
        expect(isSandboxAccount(account)).toBe(true);
        expect(sandboxAccountOf(principal)).toEqual(account);
      }),
    );
    expect(isSandboxAccount({ routingNumber: '021000021', accountNumber: '400000001' })).toBe(false);
  });

  it('have ids that follow from what they are for', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (one, other) => {
        expect(isId('mandate', derivedId('mandate', one))).toBe(true);
        const same = JSON.stringify(one) === JSON.stringify(other);
        expect(derivedId('mandate', one) === derivedId('mandate', other)).toBe(same);
      }),
    );
  });
});
