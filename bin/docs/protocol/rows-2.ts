/** Protocol 2.2: identity, signed requests, the market's phases, clearing, rails, profiles. */
import type { Section } from './row';

const PRINCIPALS = 'POST /v1/principals';
const REGISTER = 'POST /v1/agents/register';
const SESSIONS = 'POST /v1/sessions';
const POLL = 'GET /v1/beacons/sessions';
const SUBMIT = 'POST /v1/sessions/:session_id/offers';
const COMMIT = 'POST /v1/sessions/:session_id/commit';

export const IDENTITY_2: readonly Section[] = [
  {
    title: 'Endpoints',
    kind: 'endpoint',
    test: 'permissions',
    rows: [
      { item: PRINCIPALS, test: 'W3C credential' },
      { item: REGISTER, test: '2.2 registers' },
      { item: SESSIONS, test: 'one winner' },
      { item: POLL, test: 'long poll' },
      { item: SUBMIT, test: 'offer count' },
      { item: COMMIT, test: 'one winner' },
    ],
  },
  {
    title: 'A principal',
    kind: 'field',
    of: `request ${PRINCIPALS}`,
    test: 'credential refused',
    rows: ['credentials', { item: 'public_key', test: 'keys in every form' }],
  },
  {
    title: 'A principal, answered',
    kind: 'field',
    of: `response ${PRINCIPALS}`,
    test: 'trust profile',
    rows: ['principal_id', 'trust_level', 'trust_profile'],
  },
  {
    title: 'An agent',
    kind: 'field',
    of: `request ${REGISTER}`,
    test: 'binding',
    rows: ['public_key', 'principal_id', 'capacity'],
  },
  {
    title: 'An agent, answered',
    kind: 'field',
    of: `response ${REGISTER}`,
    test: '2.2 registers',
    rows: ['agent_id', 'principal_id', 'capacity'],
  },
  {
    title: 'Credentials',
    kind: 'rule',
    test: 'W3C credential',
    rows: [
      'W3C Verifiable Credentials',
      { item: 'X.509', test: 'certificate' },
      { item: 'vLEI', open: 'Not verified yet: a principal reaches L3 by a qualified certificate.' },
      { item: 'Verifiable Intent (SD-JWT)', open: 'Not verified yet.' },
      { item: 'Open Banking', open: 'Not verified yet.' },
      { item: 'Signature, issuer, expiry and revocation are checked', test: 'certificate' },
      { item: 'Trust levels L0 to L3', test: 'trust profile' },
    ],
  },
  {
    title: 'Headers of a signed request',
    kind: 'header',
    test: 'versions',
    rows: ['X-Agent-ID', 'X-Signature', 'X-Timestamp'],
  },
  {
    title: 'Signed requests',
    kind: 'rule',
    test: 'signed request',
    rows: [
      {
        item: 'Ed25519 over method + path + timestamp + body',
        test: 'plain signature',
        differs:
          'With line breaks and the query; without line breaks too, where there is no query to be moved.',
      },
      { item: 'A window of 5 minutes', test: 'freshness' },
      { item: 'A signature on what changes something counts once', test: 'replay' },
    ],
  },
];

export const MARKET_2: readonly Section[] = [
  {
    title: 'A session',
    kind: 'field',
    of: `request ${SESSIONS}`,
    test: 'one winner',
    rows: ['intent', 'constraints', 'profile_id'],
  },
  {
    title: 'A session, answered',
    kind: 'field',
    of: `response ${SESSIONS}`,
    test: 'one winner',
    rows: ['session_id', 'status'],
  },
  {
    title: 'Requests, polled',
    kind: 'field',
    of: `response ${POLL}`,
    test: 'projection',
    rows: ['sessions[].session_id', 'sessions[].interpreted_request'],
  },
  {
    title: 'An offer',
    kind: 'field',
    of: `request ${SUBMIT}`,
    test: 'offer signature 2.2',
    rows: [
      'offers[].product',
      { item: 'offers[].pricing.offer_price', differs: 'The price, under the name that version 1 has.' },
      'offers[].terms',
      'offers[].signature',
    ],
  },
  {
    title: 'A commit',
    kind: 'field',
    of: `request ${COMMIT}`,
    test: 'delegation',
    rows: ['offer_id', 'authority', 'consent'],
  },
  {
    title: 'A commit, answered',
    kind: 'field',
    of: `response ${COMMIT}`,
    test: 'one winner',
    rows: ['transaction_id', 'status'],
  },
  {
    title: 'Rules of the market',
    kind: 'rule',
    test: 'ranking: risk',
    rows: [
      'Ranked by reputation × compatibility × risk',
      { item: 'Beacons see the projection, not the intent', test: 'projection' },
      { item: 'The seller is told of the deal', test: 'webhook deal' },
    ],
  },
  {
    title: 'States',
    kind: 'state',
    test: 'lifecycle',
    rows: [
      'created',
      'interpreting',
      'discovering',
      'collecting_offers',
      'offers_available',
      'committed',
      'fulfilled',
      'completed',
      'cancelled',
      'expired',
      'failed',
      'disputed',
      'resolved',
      'risk_assessed',
      'authorized',
      'settling',
      'settled',
      'cleared',
      'declined',
      'exception',
      'reversed',
      'refunded',
    ],
  },
  {
    title: 'Transitions',
    kind: 'transition',
    test: 'transitions',
    rows: [
      'T1',
      'T2',
      'T3',
      'T6',
      'T8',
      'T10',
      'T11',
      'T12',
      'T13',
      'T14',
      'T17',
      'T18',
      'T19',
      'T20',
      'T21',
      'T22',
    ],
  },
];

export const CLEARING_2: readonly Section[] = [
  {
    title: 'The pre-commitment gate',
    kind: 'gate step',
    test: 'gate',
    rows: [
      'offer',
      'business_rules',
      'identity',
      'consent_and_authority',
      'settlement_compatibility',
      'bilateral_risk',
    ],
  },
  {
    title: 'Rules of clearing',
    kind: 'rule',
    test: 'gate order',
    rows: [
      'Six steps in a fixed order',
      { item: 'Refused with 403 BUSINESS_RULE_VIOLATION', test: 'policies at commit' },
      { item: 'Bilateral risk and margin', test: 'margin law' },
      { item: 'Authorised once margin is funded', test: 'margin called' },
      { item: 'Instructions are signed with Ed25519', test: 'instruction forged' },
      { item: 'Instructions are idempotent', test: 'instruction once' },
      { item: 'Instructions are tied to the commitment’s hash', test: 'commitment hash' },
      { item: 'The proof is signed by the rail’s adapter', test: 'instruction signed' },
      { item: 'Five checks: signature, amount, correlation, finality, timeliness', test: 'five checks' },
      { item: 'No proof or a timeout is an exception, and goes on', test: 'exception inquiry' },
    ],
  },
  {
    title: 'Rails',
    kind: 'rail',
    test: 'six rails',
    rows: ['rtp', 'fednow', 'stablecoin', 'card', 'ach'],
  },
  {
    title: 'How final rails are',
    kind: 'rule',
    test: 'finality and risk',
    rows: [
      'RTP and FedNow: irrevocable',
      { item: 'Stablecoin: confirmed after 12 blocks', test: 'twelve blocks' },
      { item: 'Card: provisional, chargebacks for 120 days', test: 'chargebacks' },
      {
        item: 'ACH: provisional, returns for 2 days',
        test: 'ACH returns',
        differs: 'Banking days, and 60 calendar days for what the payer did not authorise.',
      },
    ],
  },
  {
    title: 'Profiles',
    kind: 'profile',
    test: 'profiles',
    rows: [
      { item: 'retail', test: 'profile of retail' },
      { item: 'b2b_trade', test: 'profile of b2b_trade' },
      { item: 'digital_goods', test: 'other profiles' },
      { item: 'services', test: 'other profiles' },
    ],
  },
  {
    title: 'What a profile sets',
    kind: 'rule',
    test: 'profile costs',
    rows: [
      'Participation: 6 evaluation points, 7 cost types',
      { item: 'Disclosure: 5 tiers for each field in each phase', test: 'disclosure' },
      { item: 'Commitment: 5 states, a path for each profile', test: 'profiles' },
      { item: 'Risk: margin floors', test: 'margin law' },
      { item: 'Risk: how margin decays', test: 'margin decay' },
      {
        item: 'Schema: domain overlays',
        open: 'One schema serves all profiles: there is the core, and no overlay yet.',
      },
      { item: 'Identity: trust framework and minimum levels', test: 'trust profile' },
      { item: 'B2B: L2 clears up to 50,000 USD, L3 above', test: 'profile of b2b_trade' },
    ],
  },
  {
    title: 'What 2.2 adds to the error codes',
    kind: 'error',
    test: 'error codes',
    rows: ['BUSINESS_RULE_VIOLATION 403'],
  },
];
