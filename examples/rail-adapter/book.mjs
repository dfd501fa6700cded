/**
 * The bank's book: accounts, mandates and transfers, in memory and in a journal on disk. What is in the journal happened:
 * every change is written and synced before anybody hears of it, and read again at the start. Each change has an id and
 * happens once.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';

const OPEN_LIMIT = 1_000_000;

export function openBook(path) {
  const accounts = new Map();
  const mandates = new Map();
  const transfers = new Map();
  /** Transfers and returns in their order, for statements. */
  const entries = [];
  let notices = 0;
  let lastAt = 0;

  for (const record of readJournal(path)) apply(record);
  const file = openSync(path, 'a');

  return {
    accounts,
    mandates,
    transfers,
    entries,
    openAccount,
    addMandate,
    transfer,
    giveBack,
    now,
    close: () => closeSync(file),
  };

  function record(change) {
    const text = Buffer.from(`${JSON.stringify(change)}\n`, 'utf8');
    let written = 0;
    while (written < text.length) written += writeSync(file, text, written);
    fsyncSync(file);
    apply(change);
  }

  /** Milliseconds that always grow, so that bookings have an order and a period has an end. */
  function now() {
    lastAt = Math.max(lastAt + 1, Date.now());
    return lastAt;
  }

  function apply(change) {
    lastAt = Math.max(lastAt, change.at ?? 0);
    switch (change.what) {
      case 'account':
        accounts.set(change.number, { ...change, balance: BigInt(change.balance) });
        break;
      case 'mandate':
        mandates.set(change.id, change);
        break;
      case 'transfer':
      case 'return': {
        const amount = BigInt(change.amount);
        accounts.get(change.from).balance -= amount;
        accounts.get(change.to).balance += amount;
        const entry = { ...change, amount, seq: entries.length + 1 };
        if (change.what === 'return') entry.notice = ++notices;
        else transfers.set(change.id, entry);
        entries.push(entry);
        break;
      }
      case 'refusal':
        transfers.set(change.id, change);
        break;
    }
  }

  function openAccount({ number, holder, balance = '0' }) {
    if (accounts.has(number)) return accounts.get(number);
    if (accounts.size >= OPEN_LIMIT) throw new Error('the book is full');
    record({ what: 'account', number, holder, balance: BigInt(balance).toString(), at: now() });
    return accounts.get(number);
  }

  /** A payer's consent to be debited up to a ceiling in all. */
  function addMandate({ id, number, ceiling, expiresAt }) {
    const known = mandates.get(id);
    if (known) return known;
    if (!accounts.has(number)) return { refusal: 'AC03' };
    record({ what: 'mandate', id, number, ceiling, expiresAt, at: now() });
    return mandates.get(id);
  }

  /**
   * Books a transfer, or its refusal; either is for ever. Nothing is awaited in here, so of two requests with the same
   * id the second finds what the first one did.
   */
  function transfer({ id, from, to, amount, mandate, before }) {
    const known = transfers.get(id);
    if (known) return known;
    const at = now();
    const reason = refusalOf({ from, to, amount: BigInt(amount), mandate, at, before: Date.parse(before) });
    if (reason) record({ what: 'refusal', id, reason, at });
    else record({ what: 'transfer', id, from, to, amount, mandate, reference: `B${at}`, at });
    return transfers.get(id);
  }

  function refusalOf({ from, to, amount, mandate, at, before }) {
    // Here is where an expired instruction is stopped, however late the message came.
    if (!(at < before)) return 'TM01';
    if (!accounts.has(from) || !accounts.has(to)) return 'AC03';
    if (mandate !== undefined) {
      const given = mandates.get(mandate);
      if (given?.number !== from) return 'MD01';
      const used = entries.reduce((sum, entry) => (entry.mandate === mandate ? sum + entry.amount : sum), 0n);
      if (at >= Date.parse(given.expiresAt) || used + amount > BigInt(given.ceiling)) return 'MD01';
    }
    return accounts.get(from).balance < amount ? 'AM04' : undefined;
  }

  /** The bank takes a transfer back of its own accord: AURA has to be told by a notice. */
  function giveBack({ id, reason }) {
    const original = transfers.get(id);
    if (original?.what !== 'transfer') return undefined;
    const known = entries.find((entry) => entry.what === 'return' && entry.id === id);
    if (known) return known;
    const { from: to, to: from, amount, reference } = original;
    const at = now();
    const back = { from, to, amount: amount.toString(), original: reference, reference: `B${at}`, reason };
    record({ what: 'return', id, ...back, at });
    return entries.at(-1);
  }
}

/** The journal's records. A last line that was cut short by a crash never counted, and is cut off. */
function readJournal(path) {
  if (!existsSync(path)) return [];
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf('\n') + 1;
  if (end < bytes.length) truncateSync(path, end);
  return bytes
    .subarray(0, end)
    .toString('utf8')
    .split('\n')
    .filter(Boolean)
    .map((text) => JSON.parse(text));
}
