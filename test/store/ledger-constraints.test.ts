/** What the books refuse, tried with plain SQL and past every function of the store. */
import { newId } from '../../domain/ids';
import { sandboxGrant } from '../../domain/ledger/postings';
import { inTransaction, rows, type Db } from '../../store/db';
import { balancesOf, checkLedger, entriesJson, postEntries } from '../../store/ledger';
import { describeWithDatabase, untilSomeoneWaits } from '../support/database';
import { aPrincipal, fund, usd } from '../support/factories';
import { refusalOf } from '../support/refusals';

async function anAccount(db: Db, kind: string, asset = 'USD', owner?: string): Promise<string> {
  const [account] = await rows<{ id: string }>(
    db,
    'INSERT INTO accounts (owner, kind, asset) VALUES (?, ?, ?) RETURNING id',
    [owner ?? newId('principal'), kind, asset],
  );
  if (!account) throw new Error('no account');
  return account.id;
}

type Line = [account: string, side: string, amount: string];
interface PlainEntry {
  id: string;
  key: string;
}

/** Writes an entry and postings with plain statements, in one transaction. */
async function write(db: Db, lines: readonly Line[], wish: Partial<PlainEntry> = {}): Promise<PlainEntry> {
  const id = wish.id ?? newId('entry');
  const key = wish.key ?? `release:${id}`;
  await db.transaction(async (trx) => {
    await trx.raw("INSERT INTO entries (id, event, key, digest) VALUES (?, 'release', ?, 'd')", [id, key]);
    await post(trx, id, lines);
  });
  return { id, key };
}
async function post(db: Db, entryId: string, lines: readonly Line[]): Promise<void> {
  if (lines.length === 0) return;
  await db('postings').insert(
    lines.map(([account_id, side, amount_minor]) => ({ entry_id: entryId, account_id, side, amount_minor })),
  );
}

describeWithDatabase('the books', (database) => {
  const db = () => database().db;
  const pair = async (asset = 'USD') =>
    [await anAccount(db(), 'capital', asset), await anAccount(db(), 'suspense', asset)] as const;

  it('take an entry that balances', async () => {
    const [a, b] = await pair();
    expect(
      await refusalOf(
        write(db(), [
          [a, 'debit', '5'],
          [b, 'credit', '5'],
        ]),
      ),
    ).toBe('accepted');
  });

  it('refuse an entry that does not balance, in total or in one asset', async () => {
    const [a, b] = await pair();
    const [c] = await pair('EUR');
    const unbalanced: Line[][] = [
      [
        [a, 'debit', '5'],
        [b, 'credit', '4'],
      ],
      [[a, 'debit', '5']],
      [
        [a, 'debit', '5'],
        [b, 'debit', '5'],
      ],
      [
        [a, 'debit', '5'],
        [c, 'credit', '5'],
      ],
    ];
    for (const lines of unbalanced) expect(await refusalOf(write(db(), lines))).toBe('check entry_balances');
  });

  it('refuse an entry without postings when its transaction ends', async () => {
    expect(await refusalOf(write(db(), []))).toBe('check entry_posted');
  });

  it('refuse postings in two goes, balanced or not, in the same transaction or years later', async () => {
    const [a, b] = await pair();
    const lines: Line[] = [
      [a, 'debit', '5'],
      [b, 'credit', '5'],
    ];
    const { id } = await write(db(), lines);
    expect(await refusalOf(post(db(), id, lines))).toBe('check entry_is_whole');
    const twice = db().transaction(async (trx) => {
      const entry = newId('entry');
      await trx.raw("INSERT INTO entries (id, event, key, digest) VALUES (?, 'release', ?, 'd')", [
        entry,
        entry,
      ]);
      await post(trx, entry, lines);
      await post(trx, entry, lines);
    });
    expect(await refusalOf(twice)).toBe('check entry_is_whole');
  });

  it('refuse a later posting that claims to be an earlier one', async () => {
    const [a, b] = await pair();
    const { id } = await write(db(), [
      [a, 'debit', '5'],
      [b, 'credit', '5'],
    ]);
    const backdated = db().raw(
      `INSERT INTO postings (seq, entry_id, account_id, side, amount_minor) OVERRIDING SYSTEM VALUE
       VALUES (-2, :id, :a, 'debit', 7), (-1, :id, :b, 'credit', 7)`,
      { id, a, b },
    );
    expect(await refusalOf(backdated)).toBe('check entry_is_whole');
    expect(await refusalOf(db().raw('INSERT INTO postings (seq) VALUES (-1)'))).toBe('generated');
  });

  it.each(['0', '-5'])('refuse a posting of %s', async (amount) => {
    const [a, b] = await pair();
    expect(
      await refusalOf(
        write(db(), [
          [a, 'debit', amount],
          [b, 'credit', amount],
        ]),
      ),
    ).toMatch(/^check postings/);
  });

  it('refuse a side, an account or an entry that is none', async () => {
    const [a, b] = await pair();
    expect(
      await refusalOf(
        write(db(), [
          [a, 'left', '5'],
          [b, 'right', '5'],
        ]),
      ),
    ).toMatch(/^check postings_side/);
    expect(
      await refusalOf(
        write(db(), [
          ['0', 'debit', '5'],
          [b, 'credit', '5'],
        ]),
      ),
    ).toMatch(/^foreign key/);
    expect(
      await refusalOf(
        post(db(), newId('entry'), [
          [a, 'debit', '5'],
          [b, 'credit', '5'],
        ]),
      ),
    ).toMatch(/^foreign key/);
  });

  it.each([
    ['entries', { event: 'gift' }, /^check entries_event/],
    ['entries', { id: 'ent_1' }, /^check entries_id/],
    ['entries', { transaction_id: newId('transaction') }, /^foreign key/],
    ['entries', { key: null }, /^not null/],
  ] as const)('refuse %s with %j', async (table, columns, refusal) => {
    const entry = { id: newId('entry'), event: 'release', key: newId('entry'), digest: 'd', ...columns };
    expect(await refusalOf(db()(table).insert(entry))).toMatch(refusal);
  });

  it.each([
    [{ kind: 'slush' }, /^check accounts_kind/],
    [{ owner: 'nobody' }, /^check accounts_owner/],
    [{ asset: 'usd' }, /^check accounts_asset/],
    [{ asset: 'DOLLARS' }, /^check accounts_asset/],
    [{ balance_minor: '5' }, /^check balance_through_postings/],
    [{ balance_minor: '-5' }, /balance_through_postings|non_negative/],
  ] as const)('refuse an account with %j', async (columns, refusal) => {
    const account = { owner: newId('principal'), kind: 'collateral', asset: 'USD', ...columns };
    expect(await refusalOf(db()('accounts').insert(account))).toMatch(refusal);
  });

  it('refuse a second account of the same owner, kind and asset', async () => {
    const owner = newId('principal');
    await anAccount(db(), 'collateral', 'USD', owner);
    expect(await refusalOf(anAccount(db(), 'collateral', 'USD', owner))).toMatch(/^unique/);
  });

  it('refuse a balance, an owner or a kind that is changed directly, and an account that goes', async () => {
    const id = await anAccount(db(), 'collateral');
    for (const change of [{ balance_minor: '5' }, { owner: 'aura' }, { kind: 'cash' }, { asset: 'EUR' }])
      expect(await refusalOf(db()('accounts').where({ id }).update(change))).toBe(
        'check balance_through_postings',
      );
    expect(await refusalOf(db()('accounts').where({ id }).delete())).toBe('append-only');
    expect(await refusalOf(db().raw('TRUNCATE accounts CASCADE'))).toBe('append-only');
  });

  it.each(['collateral', 'margin'])(
    'never let %s fall below zero, not even within an entry of more',
    async (kind) => {
      const [a, b] = [await anAccount(db(), kind), await anAccount(db(), 'capital')];
      await write(db(), [
        [b, 'debit', '5'],
        [a, 'credit', '5'],
      ]);
      expect(
        await refusalOf(
          write(db(), [
            [a, 'debit', '6'],
            [b, 'credit', '6'],
          ]),
        ),
      ).toBe('check non_negative');
      expect(
        await refusalOf(
          write(db(), [
            [a, 'debit', '5'],
            [b, 'credit', '5'],
          ]),
        ),
      ).toBe('accepted');
    },
  );

  it('keep an entry’s key for ever', async () => {
    const [a, b] = await pair();
    const lines: Line[] = [
      [a, 'debit', '5'],
      [b, 'credit', '5'],
    ];
    const { key } = await write(db(), lines);
    expect(await refusalOf(write(db(), lines, { key }))).toBe('unique entries_key_key');
  });

  it('tie after all of this', async () => {
    expect(await checkLedger(db())).toMatchObject({ balanced: true });
  });
});

describeWithDatabase('posting through the store', (database) => {
  const db = () => database().db;
  const grant = (principalId: string, amountMinor: bigint) =>
    sandboxGrant({ principalId, asset: 'USD', amountMinor });

  it('posts an entry once, however often it comes', async () => {
    const { id } = await aPrincipal(db());
    const entry = grant(id, 500n);
    const first = await inTransaction(db(), (trx) => postEntries(trx, [entry]));
    const again = await inTransaction(db(), (trx) => postEntries(trx, [entry, entry]));
    expect([first, again]).toEqual([[entry.key], []]);
    expect(await balancesOf(db(), id)).toEqual([
      { owner: id, kind: 'collateral', asset: 'USD', balanceMinor: 500n },
    ]);
  });

  it('refuses a known key with other content, and posts nothing of the batch', async () => {
    const [known, other] = [await aPrincipal(db()), await aPrincipal(db())];
    await fund(db(), known, usd('5.00'));
    const batch = [grant(other.id, 1n), grant(known.id, 501n)];
    expect(await refusalOf(inTransaction(db(), (trx) => postEntries(trx, batch)))).toBe(
      'unique entry_key_content',
    );
    expect(await balancesOf(db(), other.id)).toEqual([]);
  });

  it('refuses two contents under one key in the same batch', async () => {
    const { id } = await aPrincipal(db());
    const batch = [grant(id, 1n), grant(id, 2n)];
    expect(await refusalOf(inTransaction(db(), (trx) => postEntries(trx, batch)))).toBe(
      'unique entry_key_content',
    );
  });

  it('refuses other content under a key that someone else is just posting', async () => {
    const { id } = await aPrincipal(db());
    let second: Promise<string> = Promise.resolve('');
    await db().transaction(async (trx) => {
      await postEntries(trx, [grant(id, 1n)]);
      second = refusalOf(inTransaction(db(), (other) => postEntries(other, [grant(id, 2n)])));
      await untilSomeoneWaits(db());
    });
    expect(await second).toBe('unique entry_key_content');
  });

  it('leaves out what moves nothing', () => {
    expect(JSON.parse(entriesJson([grant('prn_1', 0n)]))).toEqual([]);
  });
});
