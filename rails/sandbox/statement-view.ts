/** What the statement of AURA's settlement account shows: its entries, unless the operator tampered with them. */

export interface BookedEntry {
  reference: string;
  direction: 'credit' | 'debit';
  amountMinor: bigint;
  balanceAfterMinor: bigint;
  asset: string;
  bookedAt: string;
  businessDate: string;
  quotedId: string | null;
  uetr: string | null;
  reversal: boolean;
  messageName: string;
}

/** Changes what the statement shows; balances and books stay true. */
export type TamperAction =
  | { action: 'drop'; reference: string }
  | { action: 'duplicate'; reference: string }
  | { action: 'amount'; reference: string; amountMinor: string }
  | {
      action: 'add';
      reference: string;
      direction: 'credit' | 'debit';
      amountMinor: string;
      asset: string;
      quotedId: string | null;
      bookedAt: string;
      businessDate: string;
    };

export interface StatementView {
  book(entry: BookedEntry): void;
  tamper(action: TamperAction): void;
  /** The entries booked in `[from, to)` as the statement shows them. */
  shown(from: string, to: string): BookedEntry[];
  /** How one entry is shown: not at all, once or more often. */
  shownEntry(entry: BookedEntry): BookedEntry[];
  /** The true balance just before an instant. */
  balanceBefore(instant: string, openingMinor: bigint): bigint;
}

export function createStatementView(): StatementView {
  const entries: BookedEntry[] = [];
  const added: BookedEntry[] = [];
  const tampers = new Map<string, TamperAction>();

  /** Index of the first entry booked at or after an instant; bookings are in order of time. */
  function firstFrom(instant: string): number {
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = entries[middle];
      if (entry && entry.bookedAt < instant) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function shownEntry(entry: BookedEntry): BookedEntry[] {
    const tamper = tampers.get(entry.reference);
    if (!tamper || tamper.action === 'add') return [entry];
    if (tamper.action === 'drop') return [];
    if (tamper.action === 'duplicate') return [entry, entry];
    return [{ ...entry, amountMinor: BigInt(tamper.amountMinor) }];
  }

  return {
    book: (entry) => void entries.push(entry),
    tamper(action) {
      if (action.action === 'add') added.push(addedEntry(action));
      else tampers.set(action.reference, action);
    },
    shownEntry,
    shown(from, to) {
      const booked = entries.slice(firstFrom(from), firstFrom(to));
      if (tampers.size === 0 && added.length === 0) return booked;
      const invented = added.filter(({ bookedAt }) => bookedAt >= from && bookedAt < to);
      const all = [...booked.flatMap(shownEntry), ...invented];
      return all.sort((a, b) => (a.bookedAt < b.bookedAt ? -1 : a.bookedAt > b.bookedAt ? 1 : 0));
    },
    balanceBefore: (instant, openingMinor) =>
      entries[firstFrom(instant) - 1]?.balanceAfterMinor ?? openingMinor,
  };
}

function addedEntry(action: TamperAction & { action: 'add' }): BookedEntry {
  const { action: _action, ...entry } = action;
  return {
    ...entry,
    amountMinor: BigInt(action.amountMinor),
    balanceAfterMinor: 0n,
    uetr: null,
    reversal: false,
    messageName: 'pacs.008.001.08',
  };
}
