/**
 * Where personal data is kept: every column that holds some, what kind it is, and what shows in its place once it was
 * erased. Sealing, erasure, retention and their documentation follow from this table alone.
 */

/** The kinds of personal data. Each has its own key for each subject, and its own time to be kept. */
export const DATA_KINDS = {
  intent: { subject: 'session', holds: 'what a buyer asked for, and what was understood of it' },
  party: {
    subject: 'principal',
    holds: 'who a principal is, how to reach it, its accounts and authorizations',
  },
  deal: {
    subject: 'transaction',
    holds: 'the buyer of a deal, its address, and what the parties wrote about it',
  },
  dispute: { subject: 'dispute', holds: 'what was said and shown in a dispute' },
  settlement: { subject: 'instruction', holds: "the networks' own messages, which name payer and payee" },
  answer: { subject: 'day', holds: 'requests and answers kept for retries, and files until they are read' },
} as const satisfies Record<string, { subject: string; holds: string }>;

export type DataKind = keyof typeof DATA_KINDS;

export interface PersonalColumn {
  as: 'text' | 'json';
  holds: string;
  /** What shows in its place once it was erased. */
  erased: unknown;
}

export interface PersonalTable {
  kind: DataKind;
  /** SQL of what a row is known by, and of whose data it is. */
  row: string;
  subject: string;
  columns: Readonly<Record<string, PersonalColumn>>;
}

export const ERASED = '[erased]';
const text = (holds: string): PersonalColumn => ({ as: 'text', holds, erased: ERASED });
const json = (holds: string, erased: unknown = null): PersonalColumn => ({ as: 'json', holds, erased });
const DAY_OF = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD')`;

export const PERSONAL_DATA = {
  sessions: {
    kind: 'intent',
    row: 'id',
    subject: 'id',
    columns: {
      raw_intent: text("the buyer's sentence"),
      asked: json('constraints, preferences and what the buyer said of itself', {
        constraints: {},
        preferences: {},
      }),
      interpretation: json('what the interpreter made of it, with the words it goes back to'),
    },
  },
  principals: {
    kind: 'party',
    row: 'id',
    subject: 'id',
    columns: {
      name: text("the principal's name"),
      trust_profile: json('its credentials, which name it', { level: 'L0', credentials: [], profiles: {} }),
    },
  },
  agents: {
    kind: 'party',
    row: 'id',
    subject: 'principal_id',
    columns: {
      name: text("the agent's name, by default its principal's"),
      contact_email: text('whom to write to about the agent'),
    },
  },
  payment_accounts: {
    kind: 'party',
    row: 'id',
    subject: 'principal_id',
    columns: {
      identifier: text('routing and account number, card token or wallet'),
      details: json('the same, as its rail needs it', {}),
      holder_name: text("the account holder's name"),
    },
  },
  mandates: {
    kind: 'party',
    row: 'id',
    subject: 'principal_id',
    columns: { payer_authorization: json('what the payer signed for the payment', {}) },
  },
  transactions: {
    kind: 'deal',
    row: 'id',
    subject: 'id',
    columns: {
      buyer_identity: json("the buyer's name, e-mail and phone", { name: ERASED }),
      shipping_address: json('where the goods go'),
    },
  },
  fulfilments: {
    kind: 'deal',
    row: "transaction_id || ':' || status",
    subject: 'transaction_id',
    columns: { evidence: json('carrier, tracking number, who took the goods', {}) },
  },
  cancellations: {
    kind: 'deal',
    row: 'transaction_id',
    subject: 'transaction_id',
    columns: { reason: text("the canceller's reason"), comments: text('the same in its own words') },
  },
  refunds: {
    kind: 'deal',
    row: 'id',
    subject: 'transaction_id',
    columns: { reason: text('why money is given back') },
  },
  order_confirmations: {
    kind: 'deal',
    row: 'transaction_id',
    subject: 'transaction_id',
    columns: { refusal: text("a merchant's words when it declined") },
  },
  disputes: {
    kind: 'dispute',
    row: 'id',
    subject: 'id',
    columns: { description: text('what happened'), decision_reason: text('why it was decided so') },
  },
  dispute_statements: {
    kind: 'dispute',
    row: "dispute_id || ':' || agent_id || ':' || position",
    subject: 'dispute_id',
    columns: { statement: text('what a side says'), evidence: json('the exhibits it brings', []) },
  },
  dispute_panel: {
    kind: 'dispute',
    row: "dispute_id || ':' || member_id",
    subject: 'dispute_id',
    columns: { reason: text("a panel member's reason") },
  },
  proofs: {
    kind: 'settlement',
    row: 'id',
    subject: 'instruction_id',
    columns: { evidence: text("the network's message about a settlement") },
  },
  rail_notices: {
    kind: 'settlement',
    row: 'id',
    subject: 'instruction_id',
    columns: { evidence: text("the network's message about a return or chargeback") },
  },
  idempotency_keys: {
    kind: 'answer',
    row: 'subject_id',
    subject: DAY_OF('created_at'),
    columns: {
      request: json('a request until it is decided'),
      // Of an outcome only the body is sealed: that there is one has to stay known.
      outcome: json('the answer that retries get'),
    },
  },
  statement_files: {
    kind: 'answer',
    row: 'sha256',
    subject: DAY_OF('received_at'),
    columns: { content: text("a rail's statement file until it is read") },
  },
} as const satisfies Record<string, PersonalTable>;

export type PersonalTableName = keyof typeof PERSONAL_DATA;
export type PersonalColumnOf<Table extends PersonalTableName> =
  keyof (typeof PERSONAL_DATA)[Table]['columns'] & string;

export function personalTable(name: PersonalTableName): PersonalTable {
  return PERSONAL_DATA[name];
}

/** The subject of the kind `answer`: a day of the universal calendar. */
export const dayOf = (at: Date): string => at.toISOString().slice(0, 10);
