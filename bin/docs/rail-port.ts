/** The rail port for whoever writes an adapter: the page, one JSON Schema a document, and the test vectors. */
import { MAX_SKEW_MS } from '../../domain/clearing/proof';
import { PORT_ACTIVITIES, railPortSchemas, railPortVectors } from '../../domain/rail-port';
import { AUDIENCE_FIELD, KEY_FIELD, SEALED_ENCODING } from '../../domain/payload-sealing';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { RAILS } from '../../domain/settlement';
import { railTaskQueue } from '../../workflows/messages';
import { code, page, table } from './markdown';

const FOLDER = 'rail-port';

/** Every generated file of the port by its path below `docs`, JSON as text. */
export function railPortFiles(): Record<string, () => string> {
  const schemas = Object.keys(railPortSchemas()).map(
    (name) => [schemaPath(name), () => JSON.stringify(railPortSchemas()[name])] as const,
  );
  return {
    'rail-port.md': railPortPage,
    [`${FOLDER}/vectors.json`]: () => JSON.stringify(railPortVectors()),
    ...Object.fromEntries(schemas),
  };
}

const schemaPath = (name: string) => `${FOLDER}/${name}.schema.json`;
const schemaLink = (name: string, text = name) => `[${text}](${schemaPath(name)})`;
const seconds = (ms: number) => (ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1_000} s`);

function railPortPage(): string {
  return page(
    'The rail port',
    'domain/rail-port',
    'AURA moves money over payment rails, and reaches each through an **adapter**: a [Temporal](https://temporal.io) activity worker. AURA ships adapters of its own; this page is the contract for an adapter of somebody else, such as a bank’s own team, in any language that has a Temporal SDK. An adapter in plain JavaScript that follows this page and nothing else is in [examples/rail-adapter](../examples/rail-adapter/README.md).',
    'An adapter has no access to AURA’s database. It takes activities from a task queue, talks to AURA’s HTTP API, and signs with an Ed25519 key that an operator has registered for its rail.',
    '## Activities',
    `The task queue of a rail is \`rail-<name>\`: ${RAILS.map((rail) => `\`${railTaskQueue(rail)}\``).join(', ')}. Whoever serves one serves all of its activities. Each takes one JSON object and answers one; the data converter is Temporal’s default (\`json/plain\`) under a codec that seals payloads, see below. Nothing that AURA sends is personal data: parties are references.`,
    activityTable(),
    'Heartbeat at least twice in each heartbeat timeout, whatever the network does meanwhile: an attempt that is silent for longer is taken to be dead, and another attempt begins, possibly while the first one still runs. Between attempts Temporal waits, longer each time. Throw only when trying the whole activity again is safe; everything AURA has to decide on is an answer.',
    '## Sealed payloads',
    `Payloads are sealed on their way through Temporal, so that neither its database nor its UI shows the networks’ messages that proofs carry. A rail’s payloads are sealed under keys of its own, which follow from AURA’s: it reads what is sent to it and nothing else, and whoever has its keys learns nothing of other rails. The operator gives them as a file (\`npm run railkeys -- <rail>\`): a line for each key, \`<id> <32 bytes in base64>\`, the newest first. Seal with the newest, open with the one that is named; keep old ones while deals under way may need them.

| of a sealed payload                | is                                                                                       |
| ---------------------------------- | ---------------------------------------------------------------------------------------- |
| \`metadata["encoding"]\`           | \`${SEALED_ENCODING}\`; any other payload was not sealed and is taken as it is            |
| \`metadata["${KEY_FIELD}"]\`           | the key’s id                                                                             |
| \`metadata["${AUDIENCE_FIELD}"]\`      | the rail’s name                                                                          |
| \`data\`                           | 12 bytes IV, 16 bytes tag, then the ciphertext: AES-256-GCM with additional data \`aura.payload.v1\` |
| what it opens to                   | the payload itself as JSON: \`{"metadata": {name: base64}, "data": base64}\`             |

Seal what the adapter answers and what its heartbeats say. In Temporal’s SDKs this is a payload codec; the example’s is [payloads.mjs](../examples/rail-adapter/payloads.mjs), forty lines.`,
    '## Documents',
    documentTable(),
    'The schemas are JSON Schema 2020-12, each complete in itself. Amounts are integers in minor units as strings of digits, never numbers. Instants are RFC 3339 in UTC. What a rail signs has no fields but those listed; what AURA sends may get more, which an adapter ignores, though AURA’s signature is over all of them.',
    '## Signatures',
    'Whatever is signed is the UTF-8 bytes of its canonical JSON by [RFC 8785](https://www.rfc-editor.org/rfc/rfc8785): no white space, keys sorted by UTF-16 code units, numbers as ECMAScript writes them. The signature is Ed25519 (RFC 8032), base64 with padding. Every signed document says its type, so that a signature of one kind never fits another: `aura.settlement-instruction.v1`, `aura.settlement-proof.v1`, `aura.rail-notice.v1`.',
    `- **An instruction** is signed by AURA; verify it with AURA’s public key, which the operator gives you, before anything else, and execute nothing that does not verify.
- **A proof** or **notice** is signed by a key of the rail. \`evidence\` is the network’s own message as it came, and the statement says its SHA-256, so that the evidence cannot be exchanged.
- Amount, reference and times of a proof are **the network’s words**. Never copy them from the instruction: a deviation has to show.`,
    `[${FOLDER}/vectors.json](${FOLDER}/vectors.json) has canonical forms with their hashes, signed instructions, proofs, notices and requests, and signatures that must not verify, made with keys that everybody knows. One of them:`,
    code('json', JSON.stringify(railPortVectors().proofs[0], null, 2)),
    'AURA believes a proof by five checks: the signature is by a key that was this rail’s when the money moved; amount and asset are as instructed; instruction, commitment hash and rail are the right ones, and `(rail, network, business_date, reference, line)` never counted before; its finality is enough for the market; and it executed after the instruction was made and before it expired, give or take ' +
      `${seconds(MAX_SKEW_MS)}. Execution that does not conform goes back to the payer.`,
    '## An instruction is sent at most once',
    `\`submit\` may be called more than once for the same instruction: an attempt that died is followed by another, perhaps in another process. So:

1. Verify the instruction.
2. Claim the right to send it: \`POST /v1/rails/:rail/transmissions/:instruction_id\` with a fresh random \`claimant\`. \`201\` is answered to the first caller ever, \`409 TRANSMISSION_CLAIMED\` to everybody afterwards, and to everybody once the instruction has expired.
3. With the claim, send. Without it, do as \`inquire\` does.

The claimant is made anew for each attempt and kept in memory alone. If the answer to a claim is lost, claim again with the same claimant in the same attempt: a \`409\` with \`details.yours: true\` means the claim is yours. Never derive it from the instruction and never store it: a successor of a process that died must not find it.

Execute nothing at or after \`expires_at\`, and see to it where the money is booked, not where the message is sent. Give the instruction’s id to the network as its idempotency key or end-to-end id, if it takes one: then even a mistake here moves nothing twice.`,
    '## What the outcomes promise',
    outcomeTable(),
    'When in doubt, answer `unknown`. It costs a little time; a wrong `rejected`, `not_sent` or `not_found` costs somebody the amount. Inquiries come again and again, at growing intervals, until there is an answer that settles it. A wrong amount is no reason for `rejected`: if money moved, the answer is `executed` with what moved.',
    '`requestMandate` answers `accepted` with the network’s reference, `rejected`, `action_required` where the payer has to confirm (the same request is asked again every few seconds), or `unknown`. Asking again with the same `mandateId` never makes a second mandate.',
    '## Over the wire',
    `Requests are signed like those of agents, with the rail key’s id as \`X-Agent-ID\`: \`X-Timestamp\` is RFC 3339 within five minutes of now, and \`X-Signature\` is Ed25519, base64, over four lines, the last without an end of line:`,
    code('text', 'METHOD\nPATH?QUERY\nTIMESTAMP\nBODY'),
    'A signature on anything but a `GET` counts once; to send the same request again, sign it with another timestamp. A rail sees and does only what is its own. Errors are those of [the catalogue](errors.md); forms are in [openapi.json](openapi.json) under “Rail adapters”.',
    wireTable(),
    'Account details are what the network needs and nothing more. Fetch them when they are needed, and keep them out of logs, of Temporal and of `detail` texts.',
    `**Statements.** \`fetchStatement\` is given a run. Read the lines booked from \`from\` (inclusive) to \`to\` (exclusive), post them in portions of up to 1,000 with the run as it came, and with the last portion the balances and the number of lines. The order is the booking order; the closing balance is of the instant \`to\`, or earlier if no line after it is posted. Answer the number of lines and what AURA found altered. Lines told in \`executed\` answers count once with those of the statement: a line is known by \`(rail, network, business_date, reference, line)\`.

**Notices.** \`fetchNotices\` reads where the last reading stopped (\`GET …/notices/cursor\`), posts the next notices, oldest first and up to 100 at once, together with the new cursor, and answers whether there may be more.`,
    '## Terms',
    'What AURA expects of each rail. After `expires_at` and the longest delay, “not found” is proof that nothing moved.',
    termsTable(),
    '## Keys',
    `An operator registers a key with \`POST /v1/rails {rail, key_id?, public_key, valid_from?}\`, sees all of them with \`GET /v1/rails\`, and revokes one with \`DELETE /v1/rails/:rail/keys/:key_id\`. A rail may have several keys at once, so that a new one can be brought in before the old one goes. From its revocation on a key neither proves what is said to be executed later nor signs requests; what it proved before stands. A key is registered once: a revoked one never comes back, under any id. Small-order keys are refused.`,
    '## Running beside AURA',
    'The worker needs a connection to AURA’s Temporal namespace. Let its credentials reach only the polling and answering of its own task queue: whoever polls a rail’s queue sees that rail’s instructions and can answer `rejected` in its name, though nobody without the rail’s key can make AURA believe a payment. The workers of one queue share its work, so all of them must reach the same network: one that asks another network would say `not_found` of what was paid. Stop AURA’s own worker of a rail before another adapter takes over, when nothing is under way over it. Report the network’s state with `PUT …/health`: while it is `open`, AURA’s gate prefers other rails.',
  );
}

function activityTable(): string {
  return table(
    ['activity', 'what it does', 'takes', 'answers', 'heartbeat', 'one attempt', 'in all', 'attempts'],
    Object.entries(PORT_ACTIVITIES).map(([name, { purpose, times }]) => [
      `\`${name}\``,
      purpose,
      schemaLink(`${name}.input`, 'input'),
      schemaLink(`${name}.output`, 'output'),
      times.heartbeat,
      times.startToClose,
      times.scheduleToClose ?? '–',
      String(times.maximumAttempts),
    ]),
  );
}

function documentTable(): string {
  return table(
    ['document', 'what it is'],
    Object.entries(railPortSchemas())
      .filter(([name]) => !name.includes('.'))
      .map(([name, { title }]) => [schemaLink(name), String(title)]),
  );
}

const OUTCOMES: readonly (readonly [string, string, string])[] = [
  [
    '`executed`',
    'The money moved, finally as far as this rail ever says so; here is the proof. `lines` are statement lines that came along with it, or none.',
    'Checks the proof and settles.',
  ],
  [
    '`pending`',
    'The network has it and has not decided, or finality is still to come. `progress` says how far it is; `action` is something only the payer can do.',
    'Inquires.',
  ],
  [
    '`rejected`',
    'It was refused and **never** will execute: not now, not late, not by a retry inside the network.',
    'Ends the deal, or goes on over another rail.',
  ],
  [
    '`not_found`',
    'The network did not know the instruction at `as_of`, on its own clock. This alone promises nothing: a message may be on its way.',
    'Believes it once `as_of` is after the expiry and the rail’s longest delay; or at once where nobody had claimed the transmission, which AURA then claims itself so that nobody ever sends it.',
  ],
  [
    '`not_sent`',
    'Whoever answers holds the claim, has sent nothing, and never will. Only from the attempt that claimed.',
    'Ends this instruction at once and may make another.',
  ],
  [
    '`unknown`',
    'Anything else: no answer, a late one, one that is not to be trusted.',
    'Never sends it again; inquires.',
  ],
];

function outcomeTable(): string {
  return table(['outcome', 'what the adapter promises', 'what AURA does'], OUTCOMES);
}

function wireTable(): string {
  return table(
    ['request', 'for'],
    [
      ['`POST /v1/rails/:rail/transmissions/:instruction_id`', 'claim the right to send'],
      [
        '`GET /v1/rails/:rail/instructions/:instruction_id`',
        'an instruction as AURA signed it, where a statement or notice quotes only its id',
      ],
      [
        '`GET /v1/rails/:rail/instructions/:instruction_id/parties`',
        'accounts and mandate behind its references',
      ],
      [
        '`GET /v1/rails/:rail/mandates/:mandate_id`',
        'the account of a mandate that is asked for, and what the payer signed',
      ],
      [
        '`PUT /v1/rails/:rail/accounts/:account_id`',
        'correct a bank account’s details, as a notice of change says',
      ],
      ['`POST /v1/rails/:rail/statement-lines`', 'lines of the statement'],
      [
        '`GET /v1/rails/:rail/notices/cursor`, `POST /v1/rails/:rail/notices`',
        'where the reading of notices stopped, and the next ones',
      ],
      ['`PUT /v1/rails/:rail/health`', 'how the network is'],
    ],
  );
}

function termsTable(): string {
  return table(
    [
      'rail',
      'finality',
      'reached by',
      'an instruction lives',
      'longest delay after it',
      'pending is normal for',
    ],
    RAILS.map((rail) => {
      const { finality, accountForm, instructionTtlMs, maxDelayMs, patienceMs } = RAIL_TERMS[rail];
      return [
        rail,
        finality,
        accountForm,
        seconds(instructionTtlMs),
        seconds(maxDelayMs),
        seconds(patienceMs),
      ];
    }),
  );
}
