import { PAYMENT_STATUSES, paymentStatus } from '../../domain/payments';
import { CLEARING_STATES } from '../../domain/lifecycle';
import { METHOD_TABLE, type MethodRow } from '../../domain/payments/methods';
import { SANDBOX_BALANCE_MINOR, SANDBOX_ROUTING_NUMBER } from '../../domain/payments/sandbox-accounts';
import { TEST_CARDS, testCardToken, type CardBehaviour } from '../../domain/payments/test-cards';
import { formatMoney } from '../../domain/money';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { page, table } from './markdown';

export function paymentsPage(): string {
  const balance = formatMoney({ amountMinor: SANDBOX_BALANCE_MINOR, asset: 'USD' });
  return page(
    'Payments',
    'domain/payments and domain/rail-terms',
    'A method is what agents name; a rail is what the money moves over. Both versions’ names are understood everywhere: protocol 1.0.0’s methods and 2.2’s rails.',
    table(
      ['method', 'declared with', 'rail', 'currencies', 'moves', 'finality', 'pays sellers out'],
      METHOD_TABLE.map(methodRow),
    ),
    '## Which method a deal gets',
    'Scouts and beacons declare what they support with `PUT /v1/agents/scouts/{scout_id}/payment-capabilities` and `PUT /v1/agents/beacons/{beacon_id}/payment-capabilities`, or at registration. Who declares nothing accepts whatever its payment accounts allow. Of the rails that both accept, that carry the currency and the amount, and that have the profile’s finality, the first of these is taken:',
    [
      '1. the method that the commit names (`payment_method.type`);',
      '2. the scout’s `preferred_method`;',
      '3. the beacon’s `preferred_method`;',
      '4. the cheapest rail.',
    ].join('\n'),
    'A named method that the beacon does not accept is refused, not replaced. Lists that both sides give have to meet: facilitators for x402, schemes for cards, chains for crypto. A beacon with a `settlement_currency` sells in that one only: nothing is exchanged. A rail that does not run here, for want of a valid key of its adapter, is never chosen, and a named method that does not run here is refused. Where nothing is left, step 5 of the gate refuses with `no_common_rail`, and `details` tell what each side accepts, what is `available` here, and why each rail does not suit. What was agreed is on the transaction: `payment.negotiated_method`, `currency`, `scout_preference_match`, `beacon_preference_match`; a side that prefers nothing is always matched.',
    '## How a commit pays',
    table(
      ['`payment_method`', 'what happens'],
      [
        ['`{type, mandate_id}`', 'that mandate is used'],
        [
          '`{type}`',
          'a mandate that the principal has is used; in the sandbox one is asked for on the account that AURA opened',
        ],
        ['`{type: "card", token}`', 'the processor is asked for an agreement over the deal’s total'],
        [
          '`{type: "card", card: {number, exp_month, exp_year, cvc}}`',
          'the sandbox’s test cards only; elsewhere refused before anything is kept',
        ],
        ['`{type: "x402", x402_payment: {facilitator, payment_token, …}}`', 'the facilitator’s token pays'],
        ['`{type: "x402"}`', '402 with what to sign (x402 version 2)'],
        ['none', 'the method is negotiated'],
      ],
    ),
    'A declined payment is 402 `PAYMENT_DECLINED` with the processor’s reason, and nothing is committed. Where the cardholder has to confirm first the answer is 402 `PAYMENT_ACTION_REQUIRED` with `details.action_url`; after that, send the same commit again.',
    table(['`payment.status`', 'clearing states'], PAYMENT_STATUSES.map(statusRow)),
    '## In the sandbox',
    'No money moves. Test cards, with any date in the future:',
    table(['number', 'brand', 'token', 'outcome'], Object.entries(TEST_CARDS).map(cardRow)),
    `Agents that register by the routes of version 1 need nothing else: their principal gets an account at the sandbox’s banks (routing number ${SANDBOX_ROUTING_NUMBER}, account number 9999 and 13 digits, ${balance} USD) and a wallet on its chain. The banks open an account of that range when they first see it, the processor a token of the form above. The facilitator goes by the names \`sandbox\`, \`stripe\` and \`square\`; its payment tokens \`pm_tok_test_…\` (letters, digits, \`-\`, \`_\`) are worth what is first asked of them, once.`,
  );
}

function methodRow({ method, network, currency, rail }: MethodRow): string[] {
  const { settles, finality, paysOut } = RAIL_TERMS[rail];
  const declared = network
    ? `\`networks: ["${network}"]\``
    : currency
      ? `\`currencies: ["${currency}"]\``
      : '';
  const names = (assets: readonly string[]) =>
    [...new Set(assets.map((asset) => (asset.includes(':') ? 'USDC' : asset)))].join(', ');
  return [
    `\`${method}\``,
    declared,
    `\`${rail}\``,
    names(Object.keys(settles)),
    names(Object.values(settles)),
    finality,
    paysOut ? 'yes' : 'no, over another rail of theirs',
  ];
}

function statusRow(status: (typeof PAYMENT_STATUSES)[number]): string[] {
  const states = CLEARING_STATES.filter((state) => paymentStatus(state) === status);
  return [`\`${status}\``, states.map((state) => `\`${state}\``).join(', ')];
}

function cardRow([number, { brand, behaviour }]: [
  string,
  { brand: string; behaviour: CardBehaviour },
]): string[] {
  return [`\`${number}\``, brand, `\`${testCardToken(number, '…')}\``, outcomeOf(behaviour)];
}

function outcomeOf(behaviour: CardBehaviour): string {
  switch (behaviour.kind) {
    case 'succeeds':
      return 'succeeds';
    case 'challenges':
      return 'asks for 3-D Secure';
    case 'declines':
      return `declined: \`${behaviour.code}\``;
  }
}
