import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { ACH_RETURN_CODES } from '../../domain/ach-returns';
import { addDays, daysBetween } from '../../domain/banking-calendar';
import { canonicalJson, sha256Hex } from '../../domain/canonical';
import { verifySignature } from '../../domain/keys';
import type { RailAnswer, RailNotice, SignedInstruction } from '../../domain/settlement';
import type { BankAccount } from '../../rails/port';
import { spawnSandboxNetwork } from '../../rails/sandbox';
import { createAchHarness, type AchHarness } from '../support/ach-harness';
import { executed } from '../contract/expectations';

async function allNotices(rail: AchHarness): Promise<RailNotice[]> {
  const found: RailNotice[] = [];
  for (let cursor: string | null = null; ;) {
    const read: { notices: RailNotice[]; cursor: string | null } = await rail.adapter.notices(cursor);
    found.push(...read.notices);
    if (read.cursor === cursor) return found;
    cursor = read.cursor;
  }
}

const idOf = ({ instruction }: SignedInstruction) => instruction.instruction_id;

/** Submits all at once, so that they are in one file. */
function submitAll(rail: AchHarness, signed: readonly SignedInstruction[]): Promise<RailAnswer[]> {
  return Promise.all(signed.map((one) => rail.adapter.submit(one)));
}

async function noticesOf(rail: AchHarness, signed: SignedInstruction): Promise<RailNotice[]> {
  return (await allNotices(rail)).filter(({ statement }) => statement.instruction_id === idOf(signed));
}

describe('ACH', () => {
  let rail: AchHarness;
  beforeAll(async () => {
    rail = await createAchHarness();
  });
  afterAll(() => rail?.stop());

  it('says how far it is until the settlement date', async () => {
    const signed = await rail.instruct('pay_in');
    const answer = await rail.adapter.submit(signed);
    if (answer.outcome !== 'pending') throw new Error(answer.outcome);
    expect(answer.progress).toMatchObject({ done: 0, unit: 'banking_days' });
    const executedAnswer = executed(await rail.conclude(signed));
    expect(executedAnswer.proof.statement.finality).toBe('provisional');
    expect(executedAnswer.proof.statement.evidence_format).toBe('nacha:settlement');
  });

  it('tells of every return code through return files, for pay-ins', async () => {
    const signed: SignedInstruction[] = [];
    for (const code of ACH_RETURN_CODES) {
      const one = await rail.instruct('pay_in', { amount_minor: String(10_000 + signed.length) });
      await rail.rule({ kind: `return_${code}`, matching: { instructionId: idOf(one) } });
      signed.push(one);
    }
    const before = await rail.balanceMinor();
    await submitAll(rail, signed);
    await rail.advance(6);
    const notices = await allNotices(rail);
    for (const [index, code] of ACH_RETURN_CODES.entries()) {
      const one = signed[index];
      if (!one) throw new Error(code);
      const [notice, ...more] = notices.filter(({ statement }) => statement.instruction_id === idOf(one));
      expect(more).toEqual([]);
      const { proof } = executed(await rail.adapter.inquire(one));
      expect(notice?.statement).toMatchObject({
        type: 'aura.rail-notice.v1',
        kind: 'return',
        reason_code: code,
        amount_minor: one.instruction.amount_minor,
        original_reference: proof.statement.reference,
      });
    }
    expect(await rail.balanceMinor()).toBe(before);
  });

  it('signs notices, and gives evidence that quotes the return file', async () => {
    const signed = await rail.instruct('pay_in', { amount_minor: '16640' });
    executed(await rail.settle(signed));
    await rail.advance();
    const [notice] = await noticesOf(rail, signed);
    if (!notice) throw new Error('no notice');
    expect(verifySignature(rail.proofKey, canonicalJson(notice.statement), notice.signature)).toBe(true);
    expect(sha256Hex(notice.evidence)).toBe(notice.statement.evidence_sha256);
    expect(rail.evidenceHolds({ evidence: notice.evidence } as never)).toBe(true);
    expect(notice.evidence).toContain('799R10');
    const payer = (await rail.directory.account(signed.instruction.debtor.account_ref)) as BankAccount;
    expect(notice.evidence).not.toContain(payer.accountNumber);
    expect(notice.evidence).not.toContain(payer.holderName);
    const line = (await rail.lines()).find(({ reference }) => reference === notice.statement.reference);
    expect(line).toMatchObject({
      direction: 'debit',
      amount_minor: '16640',
      instruction_id: idOf(signed),
      business_date: notice.statement.business_date,
    });
    const { cursor } = await rail.adapter.notices(null);
    expect(cursor).not.toBeNull();
  });

  it('tells of payouts that come back', async () => {
    const before = await rail.balanceMinor();
    const signed = await rail.instruct('payout', { amount_minor: '16653' });
    executed(await rail.settle(signed));
    expect(await rail.balanceMinor()).toBe(before - 16_653n);
    await rail.advance();
    const [notice] = await noticesOf(rail, signed);
    expect(notice?.statement).toMatchObject({ kind: 'return', reason_code: 'R23', amount_minor: '16653' });
    expect(await rail.balanceMinor()).toBe(before);
    expect(await rail.balanceMinor(signed.instruction.creditor.account_ref)).toBe(10_000_000n);
  });

  it('rejects what comes back before it settled, and says no more of it', async () => {
    const account_ref = await rail.openAccount({}, 100n);
    const debtor = { account_ref, mandate_ref: await rail.aMandate(account_ref) };
    const signed = await rail.instruct('pay_in', { debtor });
    expect(await rail.settle(signed)).toMatchObject({ outcome: 'rejected', reason: 'R01' });
    expect(await noticesOf(rail, signed)).toEqual([]);
  });

  it('returns what meets an account that closed after the entry was distributed', async () => {
    await rail.misbehave('pending');
    const signed = await rail.instruct('pay_in');
    await rail.adapter.submit(signed);
    await rail.advance(1);
    await rail.closeAccount(signed.instruction.debtor.account_ref);
    executed(await rail.conclude(signed));
    await rail.advance(1);
    const [notice] = await noticesOf(rail, signed);
    expect(notice?.statement.reason_code).toBe('R02');
    expect(await rail.balanceMinor(signed.instruction.debtor.account_ref)).toBe(10_000_000n);
  });

  it('hears of an unauthorised entry as late as on day 59, of others only within two banking days', async () => {
    const [late, other] = [await rail.instruct('pay_in'), await rail.instruct('pay_in')];
    await submitAll(rail, [late, other]);
    const settledOn = executed(await rail.conclude(late)).proof.statement.business_date;
    const giveBack = (signed: SignedInstruction, code: string) =>
      rail.operator.call('POST', `entries/${idOf(signed)}/return`, { code });
    let day = settledOn;
    while (daysBetween(settledOn, day) < 57) {
      await rail.advance();
      day = await rail.businessDate();
    }
    expect(daysBetween(settledOn, day)).toBeLessThanOrEqual(60);
    expect(await giveBack(other, 'R01')).toMatchObject({ status: 409 });
    expect(await giveBack(late, 'R10')).toMatchObject({ status: 200 });
    expect(await giveBack(late, 'R10')).toMatchObject({ status: 409 });
    const [notice] = await noticesOf(rail, late);
    expect(notice?.statement).toMatchObject({ reason_code: 'R10', business_date: day });
    await rail.advance(5);
    expect(await giveBack(other, 'R10')).toMatchObject({ status: 409 });
    executed(await rail.adapter.inquire(late));
  });

  it('returns on day 59 by itself when it is told to', async () => {
    const signed = await rail.instruct('pay_in');
    await rail.rule({ kind: 'return_R29', afterCalendarDays: 59 });
    const settledOn = executed(await rail.settle(signed)).proof.statement.business_date;
    while ((await rail.businessDate()) < addDays(settledOn, 58)) await rail.advance();
    expect((await noticesOf(rail, signed)).length).toBe(
      (await rail.businessDate()) >= addDays(settledOn, 59) ? 1 : 0,
    );
    await rail.advance(2);
    const [notice] = await noticesOf(rail, signed);
    expect(daysBetween(settledOn, notice?.statement.business_date ?? '')).toBeGreaterThanOrEqual(59);
  });

  it.each([
    ['C01', ['accountNumber']],
    ['C02', ['routingNumber']],
    ['C03', ['routingNumber', 'accountNumber']],
    ['C04', ['holderName']],
    ['C05', ['accountType']],
    ['C06', ['accountNumber', 'accountType']],
    ['C07', ['routingNumber', 'accountNumber', 'accountType']],
  ])('takes over what %s corrects, and keeps it out of the notice', async (code, fields) => {
    const signed = await rail.instruct('payout');
    const ref = signed.instruction.creditor.account_ref;
    const old = (await rail.directory.account(ref)) as BankAccount;
    await rail.rule({ kind: `change_${code}` });
    executed(await rail.settle(signed));
    const [notice, ...more] = await noticesOf(rail, signed);
    expect(more).toEqual([]);
    expect(notice?.statement).toMatchObject({
      kind: 'notice_of_change',
      reason_code: code,
      amount_minor: '0',
    });
    const corrected = (await rail.directory.account(ref)) as BankAccount;
    const changed = Object.entries(corrected).filter(([name, value]) => old[name as 'asset'] !== value);
    expect(changed.map(([name]) => name).sort()).toEqual([...fields].sort());
    for (const [name, value] of changed.filter(([name]) => name !== 'accountType'))
      expect([name, notice?.evidence.includes(String(value))]).toEqual([name, false]);
    const next = await rail.instruct('payout', { creditor: { account_ref: ref } });
    executed(await rail.settle(next));
    expect(await noticesOf(rail, next)).toEqual([]);
  });

  it.each(['C08', 'C09', 'C10', 'C13', 'C14'])('tells of %s without touching the account', async (code) => {
    const signed = await rail.instruct('payout');
    await rail.rule({ kind: `change_${code}` });
    const corrections = rail.directory.corrections().length;
    executed(await rail.settle(signed));
    const [notice] = await noticesOf(rail, signed);
    expect(notice?.statement.reason_code).toBe(code);
    const mine = rail.directory
      .corrections()
      .slice(corrections)
      .filter(({ accountRef }) => accountRef === signed.instruction.creditor.account_ref);
    expect(mine).toEqual([]);
  });

  it('recognises a file that is sent again after its acknowledgement was lost', async () => {
    const signed = [await rail.instruct('pay_in'), await rail.instruct('pay_in')];
    await rail.misbehave('execute_then_disconnect');
    for (const answer of await submitAll(rail, signed)) expect(answer.outcome).toBe('unknown');
    for (const answer of await submitAll(rail, signed)) expect(answer.outcome).toBe('pending');
    const [alone] = signed;
    if (!alone) throw new Error('none');
    expect(await rail.adapter.submit(alone)).toMatchObject({ outcome: 'pending' });
    await rail.advance(5);
    for (const one of signed) {
      executed(await rail.adapter.inquire(one));
      expect(await rail.bookingsOf(idOf(one))).toBe(1);
    }
  });

  it('takes two files at once, with the same instruction in both', async () => {
    const other = rail.anotherAdapter();
    const [mine, theirs, both] = [
      await rail.instruct('pay_in'),
      await rail.instruct('payout'),
      await rail.instruct('pay_in'),
    ];
    const answers = await Promise.all([
      rail.adapter.submit(mine),
      rail.adapter.submit(both),
      other.submit(theirs),
      other.submit(both),
    ]);
    for (const answer of answers) expect(answer.outcome).toBe('pending');
    const proofs = [];
    for (const one of [mine, theirs, both]) proofs.push(executed(await rail.conclude(one)).proof);
    expect(new Set(proofs.map(({ statement }) => statement.reference)).size).toBe(3);
    for (const one of [mine, theirs, both]) expect(await rail.bookingsOf(idOf(one))).toBe(1);
    await other.close();
  });

  it('keeps what it accepted through kill -9, and settles it once', async () => {
    const signed = await rail.instruct('pay_in');
    const before = await rail.balanceMinor();
    expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'pending' });
    await rail.crashNetwork();
    expect(await rail.adapter.inquire(signed)).toMatchObject({ outcome: 'pending' });
    executed(await rail.conclude(signed));
    await rail.crashNetwork();
    expect(await rail.balanceMinor()).toBe(before + 34_990n);
    expect(await rail.bookingsOf(idOf(signed))).toBe(1);
  });

  it('rejects every instruction of a file that the bank does not take', async () => {
    const signed = [await rail.instruct('pay_in', { amount_minor: '16629' }), await rail.instruct('payout')];
    for (const answer of await submitAll(rail, signed))
      expect(answer).toMatchObject({ outcome: 'rejected', reason: 'FILE_REJECTED' });
    for (const one of signed)
      expect(await rail.adapter.inquire(one)).toMatchObject({ outcome: 'rejected', reason: 'FILE_REJECTED' });
  });

  it('settles and shows wrong amounts, missing, altered and repeated lines as it is told', async () => {
    const shown = async (kind: string) => {
      const signed = await rail.instruct('payout');
      await rail.rule({ kind });
      executed(await rail.settle(signed));
      const lines = (await rail.lines()).filter(({ instruction_id: id }) => id === idOf(signed));
      return lines.map(({ amount_minor: amount }) => amount);
    };
    expect(await shown('wrong_amount')).toEqual(['34890']);
    expect(await shown('duplicate')).toEqual(['34990', '34990']);
    expect(await shown('line_missing')).toEqual([]);
    expect(await shown('line_amount')).toEqual(['34890']);
    expect(await shown('line_duplicate')).toEqual(['34990', '34990']);
  });

  it('refuses requests that no participant signed', async () => {
    const answer = await request(`${rail.bankUrl()}/files/inbound`, { reset: true });
    expect(answer.statusCode).toBe(401);
    await answer.body.dump();
  });

  it('refuses accounts that no entry can name, before anything is sent', async () => {
    const wrong = await rail.openAccount();
    const account = (await rail.directory.account(wrong)) as BankAccount;
    rail.directory.addAccount(wrong, { ...account, routingNumber: '990000200' });
    const signed = await rail.instruct('payout', { creditor: { account_ref: wrong } });
    expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'rejected', reason: 'R28' });
    expect(await rail.adapter.inquire(signed)).toMatchObject({ outcome: 'not_found' });
  });
});

describe('ACH with a statement of batches', () => {
  let rail: AchHarness;
  beforeAll(async () => {
    rail = await createAchHarness({ statementMode: 'batch' });
  });
  afterAll(() => rail?.stop());

  it('shows a batch as one line whose parts add up to it', async () => {
    const signed = [
      await rail.instruct('pay_in', { amount_minor: '100' }),
      await rail.instruct('pay_in', { amount_minor: '2000' }),
      await rail.instruct('payout', { amount_minor: '30' }),
    ];
    await submitAll(rail, signed);
    const proofs = [];
    for (const one of signed) proofs.push(executed(await rail.conclude(one)).proof);
    const lines = await rail.lines();
    expect(lines.map(({ amount_minor: amount, direction }) => [direction, amount])).toEqual([
      ['credit', '2100'],
      ['debit', '30'],
    ]);
    for (const line of lines) {
      expect(line).toMatchObject({ instruction_id: null, line: '0' });
      const parts = await rail.adapter.batchParts({
        reference: line.reference,
        businessDate: line.business_date,
      });
      const sum = parts.reduce((total, { amount_minor: amount }) => total + BigInt(amount), 0n);
      expect(sum.toString()).toBe(line.amount_minor);
      for (const part of parts) {
        expect(part.direction).toBe(line.direction);
        const proof = proofs.find(({ statement }) => statement.instruction_id === part.instruction_id);
        expect(proof?.statement).toMatchObject({
          reference: part.reference,
          amount_minor: part.amount_minor,
          business_date: part.business_date,
        });
      }
    }
  });

  it('shows what comes back one by one', async () => {
    const signed = await rail.instruct('pay_in', { amount_minor: '16631' });
    executed(await rail.settle(signed));
    await rail.advance();
    const line = (await rail.lines()).at(-1);
    expect(line).toMatchObject({ direction: 'debit', amount_minor: '16631', instruction_id: idOf(signed) });
  });
});

describe('ACH with banking days of its own', () => {
  it('settles when they have passed', async () => {
    const rail = await createAchHarness({ dayMs: '150' });
    try {
      const signed = await rail.instruct('pay_in');
      expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'pending' });
      const deadline = Date.now() + 10_000;
      let answer = await rail.adapter.inquire(signed);
      while (answer.outcome === 'pending' && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        answer = await rail.adapter.inquire(signed);
      }
      executed(answer);
    } finally {
      await rail.stop();
    }
  });

  it('knows its settings', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'aura-ach-'));
    const start = spawnSandboxNetwork({ family: 'ach', dataDir, settings: { dayLength: '1' } });
    await expect(start).rejects.toThrow('no setting dayLength');
    await rm(dataDir, { recursive: true, force: true });
  });

  it('keeps the key of the bank to its owner', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'aura-ach-'));
    const running = await spawnSandboxNetwork({ family: 'ach', dataDir });
    expect(running.keys.ach).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(await readFile(join(dataDir, 'ach', 'journal.jsonl'), 'utf8')).toContain('day_opened');
    await running.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
});
