/** Where personal data is, what it is sealed under, and how its keys are replaced. */
import { DATA_KINDS, PERSONAL_DATA, type DataKind } from '../../domain/personal-data';
import { RETENTION_DAYS, WINDOWS_DAYS } from '../../domain/retention';
import { code, page, table } from './markdown';

export function personalDataPage(): string {
  return page(
    'Personal data',
    'domain/personal-data',
    'Personal data lies sealed in the database: AES-256-GCM under a data key of its subject and kind, which is itself sealed under a key that is not in the database. A sealed value opens in its own column and row alone. The rest of the books, ledger, history, audit and events, holds ids, amounts and hashes.',
    '## Kinds',
    table(
      ['kind', 'a key for each', 'holds', 'kept after its end'],
      Object.entries(DATA_KINDS).map(([kind, { subject, holds }]) => [
        `\`${kind}\``,
        subject,
        holds,
        period(kind as DataKind),
      ]),
    ),
    `The worker and \`npm run erase\` take other periods from \`AURA_RETENTION_DAYS\`, as \`deal=365,answer=7\`; of what a deal is about not less than ${WINDOWS_DAYS} days. Who destroys a data key has made all that is under it unreadable, in append-only tables and in backups too; the row of the key stays as a tombstone, and what it sealed reads as erased. Deals, entries and proofs hold as before: a proof is then held to its signed statement, which has the hash of the message that is gone.`,
    '## Erasure',
    `Nothing is erased while something of a deal can still happen: it has to have ended ${WINDOWS_DAYS} days ago, with no margin held, no dispute, refund, debt or exception open. Then an operator erases a deal or a principal, or all that is past its time; what is not over is left and said so:`,
    code(
      'sh',
      'DATABASE_URL=… npm run erase -- deal txn_…\nDATABASE_URL=… npm run erase -- principal prn_…\nDATABASE_URL=… npm run erase -- due',
    ),
    `The last one is done every night by a schedule. It also clears away used signatures that have expired, and what was in agents’ feeds or sent to webhooks more than ${RETENTION_DAYS.feed} days ago (\`feed\`, \`delivery\`); who reads on from an event that is gone gets what came after it. A principal that was erased is suspended, and may have no money with AURA. Within a minute no process reads it any more.`,
    '## Columns',
    table(
      ['column', 'kind', 'holds'],
      Object.entries(PERSONAL_DATA).flatMap(([name, { kind, columns }]) =>
        Object.entries(columns).map(([column, { holds }]) => [`\`${name}.${column}\``, kind, holds]),
      ),
    ),
    'A test plants a word in every one of them over the API and finds it in no table (`test/e2e/personal-data.test.ts`). Accounts are known again by a keyed hash of their number. Operators write reasons for the record: they are kept as they are, and no place for personal data.',
    '## Keys',
    'Keys are lines of `<id> <32 bytes in base64>`, the newest first: it seals, all of them open. They come from a file (`AURA_DATA_KEYS_FILE`), from a program that prints them, such as a key service’s client (`AURA_DATA_KEYS_COMMAND`; no shell reads it), or from the environment (`AURA_DATA_KEYS`). Each process keeps the data keys that it used lately for a minute.',
    'To replace a key, put the new one before it, where every process gets its keys. A process that meets data under a key that it does not know reads them again. Then put all data keys under the new one, while everything runs:',
    code('sh', 'DATABASE_URL=… AURA_DATA_KEYS_FILE=… npm run rewrap'),
    'It may be ended at any time and run again. When it says that nothing is under the old key any more, take the old line away, and start the processes anew. Without its keys a database’s personal data is lost: keep them apart from its backups, and do not lose them.',
    '## In Temporal',
    'Payloads of workflows are sealed in the same way under keys of their own (`AURA_PAYLOAD_KEYS_FILE`), those to and from a rail under [keys of that rail](rail-port.md). Search attributes, which Temporal has to read, are ids, states, rails, profiles and amounts. An operator sees payloads in the Temporal UI with the codec server:',
    code(
      'sh',
      'AURA_PAYLOAD_KEYS_FILE=… AURA_CODEC_TOKEN_FILE=… AURA_CODEC_UI=http://127.0.0.1:8233 npx tsx bin/codec-server.ts',
    ),
    'and `http://127.0.0.1:8081/<token>` as the UI’s codec endpoint. To replace a payload key, put the new one before the old, give each rail its lines (`npm run railkeys -- <rail>`), and keep the old one for as long as Temporal keeps histories.',
  );
}

function period(kind: DataKind): string {
  const days = RETENTION_DAYS[kind];
  return days === null ? 'until it is erased' : `${days} days`;
}
