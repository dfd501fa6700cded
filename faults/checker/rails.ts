/** Reads the rails' own books over the operator's side of the sandbox networks. */
import { z } from 'zod';
import type { Movement, RailBooks } from './sources';

/** Where the networks are, as far as they run, and AURA's wallets by rail. */
export interface RailAddresses {
  instant?: string;
  card?: string;
  ach?: string;
  chain?: string;
  wallets: Readonly<Record<string, string | undefined>>;
}

const minor = z.string().transform((text) => BigInt(text));
const party = z.object({ routingNumber: z.string(), accountNumber: z.string() });
const account = z.object({ openingMinor: minor, balanceMinor: minor });
const accounts = z.object({ accounts: z.array(account) });
const bookings = z.array(z.object({ reference: z.string(), amountMinor: minor }));
const next = z.number().nullable();
const instantTransfers = z.object({
  transfers: z.array(z.object({ id: z.string(), debtor: party, bookings })),
  next,
});
const cardTransfers = z.object({ transfers: z.array(z.object({ id: z.string(), bookings })), next });
const achEntries = z.object({
  entries: z.array(
    z.object({
      instructionId: z.string(),
      trace: z.string(),
      direction: z.enum(['debit', 'credit']),
      settlements: z.array(z.object({ trace: z.string(), amountMinor: minor })),
    }),
  ),
  next,
});
const chainTransfers = z.object({
  transfers: z.array(
    z.object({ transaction: z.string(), from: z.string(), to: z.string(), amountMinor: minor }),
  ),
  next,
});

const NOBODY = '0x0000000000000000000000000000000000000000';

interface Read {
  movements: Movement[];
  balanceMinor: bigint;
  /** Where the network tells what all its accounts hold. */
  total?: { openingMinor: bigint; nowMinor: bigint };
}

export async function readRailBooks(rails: readonly string[], at: RailAddresses): Promise<RailBooks> {
  const movements: Movement[] = [];
  const balances = new Map<string, bigint>();
  const totals = new Map<string, { openingMinor: bigint; nowMinor: bigint }>();
  for (const rail of rails) {
    const read = await readRail(rail, at);
    movements.push(...read.movements);
    balances.set(rail, read.balanceMinor);
    if (read.total) totals.set(rail, read.total);
  }
  return { movements, balances, totals };
}

async function readRail(rail: string, { instant, card, ach, chain, wallets }: RailAddresses): Promise<Read> {
  if (rail === 'card') {
    const operator = `${card ?? ''}/card/operator`;
    const { balanceMinor } = await get(`${operator}/settlement-account`, account);
    return { movements: await cardMovements(operator), balanceMinor };
  }
  if (rail === 'ach') {
    const operator = `${ach ?? ''}/ach/operator`;
    const { balanceMinor } = await get(`${operator}/settlement-account`, account);
    return { movements: await achMovements(operator), balanceMinor, total: await totalOf(operator) };
  }
  const wallet = wallets[rail];
  if (rail === 'rtp' || rail === 'fednow' || wallet === undefined) {
    const operator = `${instant ?? ''}/${rail}/operator`;
    const own = await get(`${operator}/settlement-account`, account.extend(party.shape));
    const movements = await instantMovements(rail, operator, own.accountNumber);
    return { movements, balanceMinor: own.balanceMinor, total: await totalOf(operator) };
  }
  const operator = `${chain ?? ''}/operator`;
  const { balanceMinor } = await get(`${operator}/balances/${wallet}`, account.pick({ balanceMinor: true }));
  return { movements: await chainMovements(rail, operator, wallet), balanceMinor };
}

async function totalOf(operator: string): Promise<{ openingMinor: bigint; nowMinor: bigint }> {
  const all = await get(`${operator}/accounts`, accounts);
  return {
    openingMinor: all.accounts.reduce((sum, one) => sum + one.openingMinor, 0n),
    nowMinor: all.accounts.reduce((sum, one) => sum + one.balanceMinor, 0n),
  };
}

async function instantMovements(rail: string, operator: string, own: string): Promise<Movement[]> {
  const transfers = await pages(`${operator}/transfers`, instantTransfers, (page) => page.transfers);
  return transfers.flatMap(({ id, debtor, bookings: booked }) =>
    booked.map(({ reference, amountMinor }) => ({
      rail,
      instructionId: id,
      reference,
      direction: debtor.accountNumber === own ? ('out' as const) : ('in' as const),
      amountMinor,
    })),
  );
}

async function cardMovements(operator: string): Promise<Movement[]> {
  const transfers = await pages(`${operator}/transfers`, cardTransfers, (page) => page.transfers);
  return transfers.flatMap(({ id, bookings: booked }) =>
    booked.map(({ reference, amountMinor }) => ({
      rail: 'card',
      instructionId: id,
      reference,
      direction: reference.startsWith('cap_') ? ('in' as const) : ('out' as const),
      amountMinor,
    })),
  );
}

async function achMovements(operator: string): Promise<Movement[]> {
  const entries = await pages(`${operator}/entries`, achEntries, (page) => page.entries);
  return entries.flatMap(({ instructionId, direction, settlements }) =>
    settlements.map(({ trace, amountMinor }) => ({
      rail: 'ach',
      instructionId,
      reference: trace,
      direction: direction === 'debit' ? ('in' as const) : ('out' as const),
      amountMinor,
    })),
  );
}

/** What was made for AURA's wallet at the start is its opening balance and no payment. */
async function chainMovements(rail: string, operator: string, wallet: string): Promise<Movement[]> {
  const transfers = await pages(`${operator}/transfers/${wallet}`, chainTransfers, (page) => page.transfers);
  return transfers
    .filter(({ from }) => from !== NOBODY)
    .map(({ transaction, to, amountMinor }) => ({
      rail,
      instructionId: null,
      reference: transaction,
      direction: to.toLowerCase() === wallet.toLowerCase() ? ('in' as const) : ('out' as const),
      amountMinor,
    }));
}

async function pages<Page extends { next: number | null }, Row>(
  url: string,
  schema: z.ZodType<Page>,
  rowsOf: (page: Page) => Row[],
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let after: number | null = 0; after !== null;) {
    const page: Page = await get(`${url}?after=${after}`, schema);
    rows.push(...rowsOf(page));
    after = page.next;
  }
  return rows;
}

async function get<T>(url: string, schema: z.ZodType<T>): Promise<T> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`GET ${url}: ${response.status}`);
  return schema.parse(await response.json());
}
