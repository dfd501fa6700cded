import { createSigner, generateKeyPair } from '../../domain/keys';
import { ACH_PROFILE } from '../../rails/ach';
import { buildFile, findDefect, type Item } from '../../rails/ach/file';
import { createBatchWindow } from '../../rails/ach/window';
import { RailUnreachableError } from '../../rails/port';
import { readNacha, readRemittance } from '../../rails/nacha';
import { signInstruction, type Instruction, type RailAnswer } from '../../domain/settlement';
import { newId } from '../../domain/ids';

const signer = createSigner(generateKeyPair().privateKeyPem, 'aura');

function anItem(given: Partial<Instruction> = {}, account: Partial<Item['account']> = {}): Item {
  const instruction: Instruction = {
    type: 'aura.settlement-instruction.v1',
    instruction_id: newId('instruction'),
    kind: 'pay_in',
    rail: 'ach',
    amount_minor: '34990',
    asset: 'USD',
    debtor: { account_ref: 'acc_1', mandate_ref: 'mnd_1' },
    creditor: { account_ref: 'aura' },
    subject_id: newId('transaction'),
    commitment_hash: 'ab'.repeat(32),
    created_at: '2026-11-25T15:00:00.000Z',
    expires_at: '2026-11-29T15:00:00.000Z',
    ...given,
  };
  return {
    signed: signInstruction(instruction, signer),
    account: {
      holderName: 'Søren Ångström & Daughters of Uppsala',
      routingNumber: '990000204',
      accountNumber: '12345',
      asset: 'USD',
      ...account,
    },
    authorization: 'ATH000000000001',
  };
}

const at = (instant: string) => new Date(instant);

describe('files of instructions', () => {
  it('has a batch for each entry class and direction', () => {
    const payout: Partial<Instruction> = {
      kind: 'payout',
      debtor: { account_ref: 'aura' },
      creditor: { account_ref: 'acc_2' },
    };
    const items = [
      anItem(payout, { business: true }),
      anItem({}, { business: true }),
      anItem({}, { accountType: 'savings' }),
      anItem(),
      anItem(payout),
    ];
    const { batches } = readNacha(buildFile(ACH_PROFILE, items, at('2026-11-25T15:00:00Z')).content);
    const shape = batches.map(({ header, entries }) => [
      header.entryClass,
      header.serviceClass,
      entries.map(({ transactionCode }) => transactionCode).sort(),
    ]);
    expect(shape).toEqual([
      ['PPD', '225', ['27', '37']],
      ['PPD', '220', ['22']],
      ['CCD', '225', ['27']],
      ['CCD', '220', ['22']],
    ]);
    const traces = batches.flatMap(({ entries }) => entries.map(({ trace }) => trace));
    expect(new Set(traces).size).toBe(5);
  });

  it('carries the whole instruction id, and what a refund gives back, in the addenda', () => {
    const item = anItem({
      kind: 'refund',
      debtor: { account_ref: 'aura' },
      creditor: { account_ref: 'acc_1' },
      returns_reference: '990000100000042',
    });
    const { batches } = readNacha(buildFile(ACH_PROFILE, [item], at('2026-11-25T15:00:00Z')).content);
    const addenda = batches[0]?.entries[0]?.addenda;
    if (addenda?.type !== '05') throw new Error('no addenda');
    expect(readRemittance(addenda.information)).toEqual({
      instructionId: item.signed.instruction.instruction_id,
      returnsReference: '990000100000042',
    });
    expect(batches[0]?.entries[0]?.individualName).toBe('S ren Angstrom & Daugh');
  });

  it('is the same file for the same instructions on the same day, in whatever order and at whatever hour', () => {
    const [one, two] = [anItem(), anItem()];
    const morning = buildFile(ACH_PROFILE, [one, two], at('2026-11-25T15:00:00Z'));
    expect(buildFile(ACH_PROFILE, [two, one], at('2026-11-25T20:00:00Z'))).toEqual(morning);
    expect(buildFile(ACH_PROFILE, [one], at('2026-11-25T15:00:00Z')).name).not.toBe(morning.name);
    expect(buildFile(ACH_PROFILE, [one, two], at('2026-11-27T15:00:00Z')).name).not.toBe(morning.name);
  });

  it.each([
    ['before the cut-off', '2026-11-25T21:59:00Z', '2026-11-27'],
    ['after the cut-off', '2026-11-25T22:00:00Z', '2026-11-30'],
    ['on a holiday', '2026-11-26T15:00:00Z', '2026-11-30'],
    ['before a fourth of July on Saturday', '2026-07-02T15:00:00Z', '2026-07-03'],
  ])('asks for the next possible settlement date: %s', (_when, instant, expected) => {
    const { batches } = readNacha(buildFile(ACH_PROFILE, [anItem()], at(instant)).content);
    expect(batches[0]?.header.effectiveEntryDate).toBe(expected);
  });

  it('refuses what is no instruction between AURA and an account', () => {
    const reasonOf = (given: Partial<Instruction>) => findDefect(anItem(given).signed.instruction)?.reason;
    expect(reasonOf({})).toBeUndefined();
    expect(reasonOf({ asset: 'EUR' })).toBe('AM03');
    expect(reasonOf({ debtor: { account_ref: 'acc_1' } })).toBe('MD01');
    expect(reasonOf({ creditor: { account_ref: 'acc_2' } })).toBe('WRONG_PARTIES');
    const back = { debtor: { account_ref: 'aura' }, creditor: { account_ref: 'acc_1' } };
    expect(reasonOf({ kind: 'return', ...back })).toBe('NO_REFERENCE');
  });
});

describe('the batch window', () => {
  const pending: RailAnswer = { outcome: 'pending', detail: '' };
  function aWindow(windowMs = 20, maxItems = 100) {
    const sent: string[][] = [];
    const window = createBatchWindow<string>({
      windowMs,
      maxItems,
      async send(items) {
        sent.push([...items]);
        if (items.includes('unreachable')) throw new RailUnreachableError('no');
        return new Map(items.map((item) => [item, pending]));
      },
    });
    return { sent, window };
  }

  it('sends together what comes together, and the same only once', async () => {
    const { sent, window } = aWindow();
    await Promise.all(['a', 'b', 'a'].map((id) => window.add(id, id)));
    await window.add('c', 'c');
    expect(sent).toEqual([['a', 'b'], ['c']]);
  });

  it('sends at once what is as much as a file may hold', async () => {
    const { sent, window } = aWindow(60_000, 2);
    await Promise.all(['a', 'b'].map((id) => window.add(id, id)));
    expect(sent).toEqual([['a', 'b']]);
  });

  it('takes out what is cancelled before it is sent', async () => {
    const { sent, window } = aWindow(50);
    const controller = new AbortController();
    const cancelled = window.add('a', 'a', controller.signal);
    const other = window.add('b', 'b');
    controller.abort();
    await expect(cancelled).rejects.toThrow(RailUnreachableError);
    await other;
    expect(sent).toEqual([['b']]);
  });

  it('tells everybody in it that nothing was sent', async () => {
    const { window } = aWindow();
    const [one, two] = await Promise.allSettled([window.add('a', 'a'), window.add('b', 'unreachable')]);
    expect(one.status).toBe('rejected');
    expect(two.status).toBe('rejected');
  });

  it('sends what is waiting when it is closed', async () => {
    const { sent, window } = aWindow(60_000);
    const answer = window.add('a', 'a');
    await window.close();
    expect(await answer).toEqual(pending);
    expect(sent).toEqual([['a']]);
  });
});
