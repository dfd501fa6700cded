import { canonicalJson, sha256Hex } from '../../domain/canonical';
import { verifySignature } from '../../domain/keys';
import type { RailNotice, StatementLine } from '../../domain/settlement';
import { openEvidence } from '../../rails/card';
import { executed } from '../contract/expectations';
import { createCardHarness, type CardHarness } from '../support/card-harness';

describe('chargebacks', () => {
  let rail: CardHarness;
  beforeAll(async () => {
    rail = await createCardHarness();
  });
  afterAll(() => rail?.stop());

  const paid = async (amountMinor = '34990') => {
    const signed = await rail.instruct('pay_in', { amount_minor: amountMinor });
    const { proof } = executed(await rail.adapter.submit(signed));
    return { signed, id: signed.instruction.instruction_id, capture: proof.statement.reference };
  };
  const noticesOf = async (instructionId: string, cursor: string | null = null): Promise<RailNotice[]> => {
    const found = await rail.adapter.notices?.(cursor);
    const mine = found?.notices.filter(({ statement }) => statement.instruction_id === instructionId) ?? [];
    const done = !found || found.cursor === cursor;
    return done ? mine : [...mine, ...(await noticesOf(instructionId, found.cursor))];
  };
  const contest = (notice: RailNotice | undefined, instructionId: string) =>
    rail.adapter.contest?.({
      noticeId: notice?.statement.notice_id ?? '',
      instructionId,
      statement: 'The goods were delivered and signed for.',
      evidenceSha256: 'cd'.repeat(32),
    });
  const linesOf = async (id: string): Promise<StatementLine[]> => {
    const period = { from: new Date(0).toISOString(), to: new Date(Date.now() + 60_000).toISOString() };
    const lines: StatementLine[] = [];
    for await (const line of (await rail.adapter.statement(period)).lines) lines.push(line);
    return lines.filter(({ instruction_id: quoted }) => quoted === id);
  };

  it('come as a signed notice with its deadline, the same one each time', async () => {
    const { signed, id, capture } = await paid();
    const before = await rail.balanceMinor();
    const respondBy = new Date(Date.now() + 86_400_000).toISOString();
    const chargeback = await rail.openChargeback(signed, { reasonCode: '13.1', respondBy });
    expect(await rail.balanceMinor()).toBe(before - 34_990n - 1_500n);
    const [notice, ...more] = await noticesOf(id);
    if (!notice) throw new Error('there is no notice');
    expect(more).toEqual([]);
    expect(notice.statement).toMatchObject({
      kind: 'chargeback',
      original_reference: capture,
      amount_minor: '34990',
      fee_minor: '1500',
      asset: 'USD',
      reason_code: '13.1',
      reason: 'Merchandise or services not received',
      reference: chargeback.id,
      respond_by: respondBy,
    });
    expect(verifySignature(rail.proofKey, canonicalJson(notice.statement), notice.signature)).toBe(true);
    expect(sha256Hex(notice.evidence)).toBe(notice.statement.evidence_sha256);
    expect(openEvidence(notice.evidence, rail.networkKey)?.format).toBe('card:event');
    const tampered = notice.evidence.replace('34990', '34991');
    expect(openEvidence(tampered, rail.networkKey)).toBeUndefined();
    expect(await noticesOf(id)).toEqual([notice]);
    await rail.crashNetwork();
    expect(await noticesOf(id)).toEqual([notice]);
  });

  it('debit the statement, the fee on a line of its own', async () => {
    const { signed, id } = await paid();
    const chargeback = await rail.openChargeback(signed, { amountMinor: '500' });
    const debits = (await linesOf(id)).filter(({ direction }) => direction === 'debit');
    expect(debits).toMatchObject([
      { reference: chargeback.id, line: '0', amount_minor: '500', fee_minor: '0' },
      { reference: chargeback.id, line: '1', amount_minor: '1500', fee_minor: '0' },
    ]);
  });

  it('are undone when the representment is won', async () => {
    const { signed, id } = await paid();
    const before = await rail.balanceMinor();
    const chargeback = await rail.openChargeback(signed);
    const [notice] = await noticesOf(id);
    expect(await contest(notice, id)).toMatchObject({ outcome: 'accepted', detail: 'under_review' });
    expect(await contest(notice, id)).toMatchObject({ outcome: 'accepted' });
    await rail.decide(chargeback.id, 'won');
    const [, won, ...more] = await noticesOf(id);
    expect(more).toEqual([]);
    expect(won?.statement).toMatchObject({
      kind: 'representment_won',
      amount_minor: '34990',
      fee_minor: '0',
    });
    expect(won?.statement.notice_id).not.toBe(notice?.statement.notice_id);
    expect(await rail.balanceMinor()).toBe(before - 1_500n);
    const lines = await linesOf(id);
    expect(lines.map(({ direction, amount_minor }) => `${direction} ${amount_minor}`)).toEqual([
      'credit 34990',
      'debit 34990',
      'debit 1500',
      'credit 34990',
    ]);
    expect(lines.at(-1)?.reference).toBe(won?.statement.reference);
  });

  it('stand when the representment is lost', async () => {
    const { signed, id } = await paid();
    const before = await rail.balanceMinor();
    const chargeback = await rail.openChargeback(signed);
    const [notice] = await noticesOf(id);
    await contest(notice, id);
    await rail.decide(chargeback.id, 'lost');
    expect(await noticesOf(id)).toEqual([notice]);
    expect(await rail.balanceMinor()).toBe(before - 36_490n);
  });

  it('cannot be contested after their deadline, or for another instruction', async () => {
    const late = await paid();
    await rail.openChargeback(late.signed, { respondBy: new Date(Date.now() + 1).toISOString() });
    const [notice] = await noticesOf(late.id);
    expect(await contest(notice, late.id)).toMatchObject({
      outcome: 'rejected',
      detail: expect.stringContaining('chargeback_lost') as string,
    });
    const other = await paid();
    await rail.openChargeback(other.signed);
    const [foreign] = await noticesOf(other.id);
    expect(await contest(foreign, late.id)).toMatchObject({ outcome: 'rejected' });
    expect(await contest(undefined, late.id)).toMatchObject({ outcome: 'rejected' });
  });

  it('are contested once when the answer is lost', async () => {
    const { signed, id } = await paid();
    await rail.openChargeback(signed);
    const [notice] = await noticesOf(id);
    await rail.misbehave('execute_then_disconnect', 'representment');
    expect(await contest(notice, id)).toMatchObject({ outcome: 'unknown' });
    expect(await contest(notice, id)).toMatchObject({ outcome: 'accepted' });
  });

  it('follow at once on the magic amount', async () => {
    const { id } = await paid('16643');
    expect((await noticesOf(id)).map(({ statement }) => statement.kind)).toEqual(['chargeback']);
  });

  it('are not believed without the signature of the processor', async () => {
    await rail.misbehave('bad_signature', 'events');
    await expect(rail.adapter.notices?.(null)).rejects.toThrow('no events');
  });
});
