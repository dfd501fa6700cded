/** The operator's side of the simulation, in JSON: accounts, balances, transfers, misbehaviour, tampering. */
import { ulid } from 'ulid';
import { z } from 'zod';
import { isAsset } from '../../domain/money';
import { KeyError, parsePublicKey } from '../../domain/keys';
import { uetrOf } from '../iso20022';
import { businessDate } from '../instant';
import { keyOf, type Account, type Transfer } from './books';
import { HttpError } from './http';
import { MISBEHAVIOUR_KINDS, OCCASIONS } from './misbehaviour';
import type { Network } from './network';
import { accountRefusal, fundsRefusal } from './rules';
import { settle } from './transfers';

const minor = z.string().regex(/^\d{1,18}$/);
const instantText = z.iso.datetime({ offset: true });
const accountKey = {
  routingNumber: z.string().regex(/^\d{9}$/),
  accountNumber: z.string().regex(/^[A-Za-z0-9]{1,34}$/),
};
const openAccount = z.strictObject({
  ...accountKey,
  holderName: z.string().min(1).max(140),
  balanceMinor: minor,
  asset: z.string().refine(isAsset).default('USD'),
  refusesMandates: z.boolean().default(false),
});
const participant = z.strictObject({
  keyId: z.string().min(1).max(100),
  publicKey: z.string(),
  /** Without it a key that is registered stays. */
  replace: z.boolean().default(false),
});
const incoming = z.strictObject({
  from: z.strictObject(accountKey),
  amountMinor: minor,
  endToEndId: z.string().min(1).max(35).optional(),
});
const rule = z.strictObject({
  kind: z
    .enum(MISBEHAVIOUR_KINDS as [string, ...string[]])
    .transform((kind) => kind as (typeof MISBEHAVIOUR_KINDS)[number]),
  on: z.enum(OCCASIONS).default('transfer'),
  nextCount: z.number().int().min(1).max(1_000_000).optional(),
  rateBps: z.number().int().min(0).max(10_000).optional(),
  matching: z
    .strictObject({
      endToEndId: z.string().max(35).optional(),
      accountNumber: z.string().max(34).optional(),
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
    reference: reference.optional(),
    direction: z.enum(['credit', 'debit']),
    amountMinor: minor,
    endToEndId: z.string().max(35).optional(),
    bookedAt: instantText.optional(),
  }),
]);

export interface OperatorRequest {
  method: string;
  /** Path segments after `/operator`. */
  path: string[];
  query: URLSearchParams;
  body: unknown;
}

export interface OperatorAnswer {
  status: number;
  body: unknown;
}

type Handler = (network: Network, request: OperatorRequest) => OperatorAnswer;

const MAX_TRANSFERS = 1_000;

const ROUTES: Readonly<Record<string, Handler>> = {
  'GET ': (network) =>
    ok({ rail: network.profile.rail, network: network.profile.network, now: network.now() }),
  'PUT participant': registerParticipant,
  'GET accounts': (network) => ok({ accounts: network.books.accounts().map(shownAccount) }),
  'POST accounts': createAccount,
  'GET accounts/*/*': (network, { path }) => ok(shownAccount(findAccount(network, path))),
  'POST accounts/*/*/close': closeAccount,
  'GET settlement-account': (network) => {
    const { routingNumber, accountNumber } = network.profile.settlementAccount;
    return ok(shownAccount(findAccount(network, ['', routingNumber, accountNumber])));
  },
  'GET transfers': listTransfers,
  'POST transfers': receiveUnasked,
  'GET misbehaviours': (network) => ok({ rules: network.misbehaviour.rules() }),
  'POST misbehaviours': (network, { body }) => {
    network.misbehaviour.add(read(rule, body));
    return { status: 201, body: { rules: network.misbehaviour.rules() } };
  },
  'DELETE misbehaviours': (network) => {
    network.misbehaviour.clear();
    return ok({ rules: [] });
  },
  'PUT misbehaviours/seed': (network, { body }) => {
    network.misbehaviour.seed(read(seeding, body).seed);
    return ok({});
  },
  'POST statement/tamper': tamperStatement,
};

export function onOperatorRequest(network: Network, request: OperatorRequest): OperatorAnswer {
  const isAccount = request.path[0] === 'accounts' && request.path.length >= 3;
  const pattern = isAccount ? ['accounts', '*', '*', ...request.path.slice(3)] : request.path;
  const key = `${request.method} ${pattern.join('/')}`;
  const handler = Object.hasOwn(ROUTES, key) ? ROUTES[key] : undefined;
  if (!handler) throw new HttpError(404, 'there is no such operation');
  return handler(network, request);
}

function ok(body: unknown): OperatorAnswer {
  return { status: 200, body };
}

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (!result.success) throw new HttpError(400, z.prettifyError(result.error));
  return result.data;
}

function registerParticipant(network: Network, { body }: OperatorRequest): OperatorAnswer {
  const { keyId, publicKey: given, replace } = read(participant, body);
  const publicKey = checkedKey(given);
  const known = network.books.participantKey();
  if (known?.keyId === keyId && known.publicKey === publicKey) return ok(known);
  // The first key is trusted on first use; after that only a deliberate replacement changes it.
  if (known && !replace) throw new HttpError(409, 'another participant key is registered');
  network.record({ type: 'participant_registered', at: network.now(), keyId, publicKey });
  return { status: 201, body: { keyId, publicKey } };
}

function checkedKey(given: string): string {
  try {
    return parsePublicKey(given);
  } catch (error) {
    if (error instanceof KeyError) throw new HttpError(400, error.message);
    throw error;
  }
}

function createAccount(network: Network, { body }: OperatorRequest): OperatorAnswer {
  const given = read(openAccount, body);
  const known = network.books.account(given);
  if (known) {
    const same = known.holderName === given.holderName && known.openingMinor === BigInt(given.balanceMinor);
    if (!same) throw new HttpError(409, 'the account exists with other data');
    return ok(shownAccount(known));
  }
  network.record({ type: 'account_opened', at: network.now(), ...given });
  return {
    status: 201,
    body: shownAccount(findAccount(network, ['', given.routingNumber, given.accountNumber])),
  };
}

function closeAccount(network: Network, { path }: OperatorRequest): OperatorAnswer {
  const account = findAccount(network, path);
  const { routingNumber, accountNumber } = account;
  if (keyOf(account) === keyOf(network.profile.settlementAccount))
    throw new HttpError(409, 'this account stays open');
  network.record({ type: 'account_closed', at: network.now(), routingNumber, accountNumber });
  return ok(shownAccount(account));
}

function findAccount(network: Network, [, routingNumber = '', accountNumber = '']: string[]): Account {
  const account = network.books.account({ routingNumber, accountNumber });
  if (!account) throw new HttpError(404, 'there is no such account');
  return account;
}

function shownAccount(account: Account) {
  const { openingMinor, balanceMinor, ...rest } = account;
  return { ...rest, openingMinor: openingMinor.toString(), balanceMinor: balanceMinor.toString() };
}

function listTransfers(network: Network, { query }: OperatorRequest): OperatorAnswer {
  const after = Number(query.get('after') ?? 0);
  const limit = Number(query.get('limit') ?? MAX_TRANSFERS);
  if (
    !Number.isSafeInteger(after) ||
    after < 0 ||
    !Number.isSafeInteger(limit) ||
    limit < 1 ||
    limit > MAX_TRANSFERS
  ) {
    throw new HttpError(400, `after counts from 0, limit is 1 to ${MAX_TRANSFERS}`);
  }
  const transfers = network.books.transfersFrom(after, limit).map(shownTransfer);
  return ok({ transfers, next: transfers.length === limit ? after + limit : null });
}

function shownTransfer(transfer: Transfer) {
  const {
    id,
    status,
    reason,
    asset,
    instructedMinor,
    debtor,
    creditor,
    decidedAt,
    businessDate: day,
  } = transfer;
  const bookings = transfer.bookings.map(({ reference: ref, amountMinor }) => ({
    reference: ref,
    amountMinor: amountMinor.toString(),
  }));
  return {
    id,
    status,
    reason,
    asset,
    instructedMinor,
    debtor,
    creditor,
    decidedAt,
    businessDate: day,
    bookings,
  };
}

/** Someone pays AURA without having been asked: a receipt that the ledger does not know. */
function receiveUnasked(network: Network, { body }: OperatorRequest): OperatorAnswer {
  const { from, amountMinor, endToEndId } = read(incoming, body);
  const account = network.books.account(from);
  const refusal =
    accountRefusal(account, account?.asset ?? '') ?? fundsRefusal(network.books, from, BigInt(amountMinor));
  if (refusal) throw new HttpError(409, refusal);
  const id = endToEndId ?? `EXT-${ulid()}`;
  if (network.books.transfer(id)) throw new HttpError(409, 'DUPL');
  const { routingNumber, accountNumber } = network.profile.settlementAccount;
  const transfer = {
    id,
    uetr: uetrOf(id),
    messageId: id,
    messageName: 'pacs.008.001.08',
    debtor: from,
    creditor: { routingNumber, accountNumber },
    asset: account?.asset ?? 'USD',
    instructedMinor: amountMinor,
    quotedId: id,
    reversal: false,
  };
  settle(network, transfer, undefined);
  const booked = network.books.transfer(id);
  return { status: 201, body: booked && shownTransfer(booked) };
}

function tamperStatement(network: Network, { body }: OperatorRequest): OperatorAnswer {
  const given = read(tamper, body);
  const at = network.now();
  if (given.action !== 'add') {
    if (!network.books.transferByReference(given.reference))
      throw new HttpError(404, 'there is no such reference');
    network.record({ type: 'statement_tampered', at, tamper: given });
    return ok({ reference: given.reference });
  }
  const bookedAt = new Date(given.bookedAt ?? at).toISOString();
  const line = given.reference ?? `TMP${ulid()}`;
  network.record({
    type: 'statement_tampered',
    at,
    tamper: {
      action: 'add',
      reference: line,
      direction: given.direction,
      amountMinor: given.amountMinor,
      asset: network.profile.settlementAccount.asset,
      quotedId: given.endToEndId ?? null,
      bookedAt,
      businessDate: businessDate(network.profile, new Date(bookedAt)),
    },
  });
  return { status: 201, body: { reference: line } };
}
