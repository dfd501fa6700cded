/** The operator's side of the simulation, in JSON: accounts, time, entries, returns, misbehaviour, tampering. */
import { z } from 'zod';
import { ACH_RETURN_CODES, returnDeadline } from '../../../domain/ach-returns';
import { KeyError, parsePublicKey } from '../../../domain/keys';
import { isRoutingNumber } from '../../nacha';
import { HttpError } from '../http';
import type { OperatorAnswer, OperatorRequest } from '../operator';
import type { Account } from './accounts';
import { nowOf, today, type Bank } from './bank';
import type { BankEntry } from './entry';
import { advance, publishReturns } from './day';
import { ACH_MISBEHAVIOURS, ACH_OCCASIONS } from './misbehaviour';

const minor = z.string().regex(/^\d{1,18}$/);
const routingNumber = z.string().refine(isRoutingNumber, 'not a routing number with its check digit');
const accountNumber = z.string().regex(/^[A-Za-z0-9-]{1,17}$/);
const accountType = z.enum(['checking', 'savings']);
const holderName = z.string().min(1).max(140);
const openAccount = z.strictObject({
  routingNumber,
  accountNumber,
  holderName,
  accountType: accountType.default('checking'),
  business: z.boolean().default(false),
  balanceMinor: minor,
  asset: z.literal('USD').default('USD'),
  refusesMandates: z.boolean().default(false),
});
const changeAccount = z.strictObject({
  routingNumber: routingNumber.optional(),
  accountNumber: accountNumber.optional(),
  accountType: accountType.optional(),
  holderName: holderName.optional(),
});
const participant = z.strictObject({
  keyId: z.string().min(1).max(100),
  publicKey: z.string(),
  /** Without it a key that is registered stays. */
  replace: z.boolean().default(false),
});
const days = z.number().int().min(0).max(400);
const advancing = z.strictObject({ bankingDays: days.default(1) });
const returning = z.strictObject({
  code: z.enum(ACH_RETURN_CODES as [(typeof ACH_RETURN_CODES)[number], ...typeof ACH_RETURN_CODES]),
  /** Also after the deadline of the code. */
  late: z.boolean().default(false),
});
const rule = z.strictObject({
  kind: z.string().refine((kind) => ACH_MISBEHAVIOURS.includes(kind), 'no such misbehaviour'),
  on: z.enum(ACH_OCCASIONS).default('transfer'),
  nextCount: z.number().int().min(1).max(1_000_000).optional(),
  rateBps: z.number().int().min(0).max(10_000).optional(),
  afterBankingDays: days.optional(),
  afterCalendarDays: days.optional(),
  matching: z
    .strictObject({
      instructionId: z.string().max(40).optional(),
      accountNumber: accountNumber.optional(),
      amountMinor: minor.optional(),
    })
    .optional(),
});
const seeding = z.strictObject({ seed: z.number().int().min(0).max(0xffff_ffff) });
const reference = z.string().min(1).max(35);
const tamper = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('drop'), reference }),
  z.strictObject({ action: z.literal('duplicate'), reference }),
  z.strictObject({ action: z.literal('amount'), reference, amountMinor: minor }),
  z.strictObject({
    action: z.literal('add'),
    reference,
    direction: z.enum(['credit', 'debit']),
    amountMinor: minor,
    instructionId: z.string().max(40).optional(),
  }),
]);

type Handler = (bank: Bank, request: OperatorRequest) => OperatorAnswer;

const MAX_ENTRIES = 1_000;

/** `*` stands for one segment of the path. */
const ROUTES: readonly (readonly [string, Handler])[] = [
  ['GET ', (bank) => ok({ network: bank.profile.network, now: nowOf(bank), businessDate: today(bank) })],
  ['PUT participant', registerParticipant],
  ['POST advance', advanceDays],
  ['GET accounts', ({ books }) => ok({ accounts: books.accounts.all().map(shownAccount) })],
  ['POST accounts', createAccount],
  ['GET accounts/*/*', (bank, { path }) => ok(shownAccount(findAccount(bank, path)))],
  ['POST accounts/*/*/close', closeAccount],
  ['POST accounts/*/*/change', alterAccount],
  ['GET settlement-account', (bank) => ok(shownAccount(bank.books.settlementAccount()))],
  ['GET entries', listEntries],
  ['GET entries/*', (bank, { path }) => ok(shownEntry(findEntry(bank, path)))],
  ['POST entries/*/return', returnEntry],
  ['GET misbehaviours', (bank) => ok({ rules: bank.misbehaviours.rules() })],
  ['POST misbehaviours', addRule],
  ['DELETE misbehaviours', (bank) => (bank.misbehaviours.clear(), ok({ rules: [] }))],
  ['PUT misbehaviours/seed', (bank, { body }) => (bank.misbehaviours.seed(read(seeding, body).seed), ok({}))],
  ['POST statement/tamper', tamperStatement],
];

export function onOperatorRequest(bank: Bank, request: OperatorRequest): OperatorAnswer {
  const asked = [request.method, ...request.path];
  const found = ROUTES.find(([pattern]) => matches(pattern, asked));
  if (!found) throw new HttpError(404, 'there is no such operation');
  return found[1](bank, request);
}

function matches(pattern: string, asked: readonly string[]): boolean {
  const [method = '', path = ''] = pattern.split(' ');
  const parts = [method, ...(path === '' ? [] : path.split('/'))];
  return parts.length === asked.length && parts.every((part, index) => part === '*' || part === asked[index]);
}

function ok(body: unknown): OperatorAnswer {
  return { status: 200, body };
}

function created(body: unknown): OperatorAnswer {
  return { status: 201, body };
}

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (!result.success) throw new HttpError(400, z.prettifyError(result.error));
  return result.data;
}

function registerParticipant(bank: Bank, { body }: OperatorRequest): OperatorAnswer {
  const { keyId, publicKey: given, replace } = read(participant, body);
  const publicKey = checkedKey(given);
  const known = bank.books.participantKey();
  if (known?.keyId === keyId && known.publicKey === publicKey) return ok(known);
  // The first key is trusted on first use; after that only a deliberate replacement changes it.
  if (known && !replace) throw new HttpError(409, 'another participant key is registered');
  bank.record({ type: 'participant_registered', at: nowOf(bank), keyId, publicKey });
  return created({ keyId, publicKey });
}

function checkedKey(given: string): string {
  try {
    return parsePublicKey(given);
  } catch (error) {
    if (error instanceof KeyError) throw new HttpError(400, error.message);
    throw error;
  }
}

function advanceDays(bank: Bank, { body }: OperatorRequest): OperatorAnswer {
  advance(bank, read(advancing, body ?? {}).bankingDays);
  return ok({ businessDate: today(bank) });
}

function createAccount(bank: Bank, { body }: OperatorRequest): OperatorAnswer {
  const given = read(openAccount, body);
  const known = bank.books.accounts.find(given);
  if (known) {
    const same = known.holderName === given.holderName && known.openingMinor === BigInt(given.balanceMinor);
    if (!same) throw new HttpError(409, 'the account exists with other data');
    return ok(shownAccount(known));
  }
  bank.record({ type: 'account_opened', at: nowOf(bank), ...given });
  return created(shownAccount(findAccount(bank, ['', given.routingNumber, given.accountNumber])));
}

function closeAccount(bank: Bank, { path }: OperatorRequest): OperatorAnswer {
  const account = findAccount(bank, path);
  if (account === bank.books.settlementAccount()) throw new HttpError(409, 'this account stays open');
  const { routingNumber: routing, accountNumber: number } = account;
  bank.record({ type: 'account_closed', at: nowOf(bank), routingNumber: routing, accountNumber: number });
  return ok(shownAccount(account));
}

/** The account gets other details; the old numbers go on leading to it, and entries with them draw a notice of change. */
function alterAccount(bank: Bank, { path, body }: OperatorRequest): OperatorAnswer {
  const account = findAccount(bank, path);
  const change = read(changeAccount, body);
  const { routingNumber: routing, accountNumber: number } = account;
  const taken = bank.books.accounts.find({ routingNumber: routing, accountNumber: number, ...change });
  if (taken && taken !== account) throw new HttpError(409, 'another account has these numbers');
  const key = { routingNumber: routing, accountNumber: number };
  bank.record({ type: 'account_changed', at: nowOf(bank), account: key, change });
  return ok(shownAccount(account));
}

function findAccount({ books }: Bank, [, routing = '', number = '']: string[]): Account {
  const account = books.accounts.find({ routingNumber: routing, accountNumber: number });
  if (!account) throw new HttpError(404, 'there is no such account');
  return account;
}

function shownAccount({ openingMinor, balanceMinor, heldMinor, ...rest }: Account) {
  return {
    ...rest,
    openingMinor: openingMinor.toString(),
    balanceMinor: balanceMinor.toString(),
    heldMinor: heldMinor.toString(),
  };
}

function listEntries({ books }: Bank, { query }: OperatorRequest): OperatorAnswer {
  const after = Number(query.get('after') ?? 0);
  if (!Number.isSafeInteger(after) || after < 0) throw new HttpError(400, 'after counts from 0');
  const entries = books.entriesFrom(after, MAX_ENTRIES).map(shownEntry);
  return ok({ entries, next: entries.length === MAX_ENTRIES ? after + MAX_ENTRIES : null });
}

function findEntry({ books }: Bank, [, key = '']: string[]): BankEntry {
  const entry = books.entry(key) ?? books.entryByTrace(key);
  if (!entry) throw new HttpError(404, 'there is no such entry');
  return entry;
}

function shownEntry({ booked: _booked, due, settlements, ...entry }: BankEntry) {
  return {
    ...entry,
    returnsOn: due?.on ?? null,
    settlements: settlements.map(({ amountMinor, ...rest }) => ({
      ...rest,
      amountMinor: amountMinor.toString(),
    })),
  };
}

/** The receiving bank returns the entry now, within the deadline of the code. */
function returnEntry(bank: Bank, { path, body }: OperatorRequest): OperatorAnswer {
  const entry = findEntry(bank, path);
  const { code, late } = read(returning, body);
  if (entry.returned) throw new HttpError(409, 'it has been returned');
  const settledOn = entry.settlements[0]?.date;
  const deadline = settledOn && returnDeadline(code, settledOn);
  if (deadline && today(bank) > deadline && !late)
    throw new HttpError(409, `${code} could be given until ${deadline}`);
  publishReturns(bank, [{ entry, code }]);
  return ok(shownEntry(entry));
}

function addRule(bank: Bank, { body }: OperatorRequest): OperatorAnswer {
  bank.misbehaviours.add(read(rule, body));
  return created({ rules: bank.misbehaviours.rules() });
}

function tamperStatement(bank: Bank, { body }: OperatorRequest): OperatorAnswer {
  const given = read(tamper, body);
  const at = nowOf(bank);
  if (given.action === 'add') {
    const { instructionId, ...rest } = given;
    const added = { asset: 'USD', quotedId: instructionId ?? null, bookedAt: at, businessDate: today(bank) };
    bank.record({ type: 'statement_tampered', at, tamper: { ...rest, ...added } });
    return created({ reference: given.reference });
  }
  bank.record({ type: 'statement_tampered', at, tamper: given });
  return ok({ reference: given.reference });
}
