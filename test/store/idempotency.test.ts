import { refusal } from '../../domain/errors';
import { newId } from '../../domain/ids';
import { claimKey, findKey, lockKeyOf, setOutcome, setRequest } from '../../store/idempotency';
import { inTransaction } from '../../store/db';
import { describeWithDatabase } from '../support/database';
import { refusalOf } from '../support/refusals';

describeWithDatabase('an idempotency key', (database) => {
  const db = () => database().db;
  const aClaim = (wish: Partial<Parameters<typeof claimKey>[1]> = {}) => ({
    agentId: newId('scout'),
    key: 'order-1',
    operation: 'POST /v1/sessions',
    bodyHash: 'a'.repeat(64),
    subjectId: newId('session'),
    request: { intent: 'headphones' } as unknown,
    movesMoney: false,
    ...wish,
  });
  const age = (agentId: string, hours: number) =>
    db().raw("UPDATE idempotency_keys SET created_at = now() - ? * interval '1 hour' WHERE agent_id = ?", [
      hours,
      agentId,
    ]);

  it('is claimed by one of twenty, and all speak of the same subject', async () => {
    const claim = aClaim();
    const claims = await Promise.all(
      Array.from({ length: 20 }, () => claimKey(db(), { ...claim, subjectId: newId('session') })),
    );
    const fresh = claims.filter((one) => one.fresh);
    expect(fresh).toHaveLength(1);
    expect(new Set(claims.map(({ record }) => record.subjectId))).toEqual(
      new Set([fresh[0]?.record.subjectId]),
    );
  });

  it('answers what was stored first, whatever comes after', async () => {
    const claim = aClaim();
    expect(await claimKey(db(), claim)).toMatchObject({
      fresh: true,
      record: { subjectId: claim.subjectId, outcome: null },
    });
    const other = {
      ...claim,
      bodyHash: 'b'.repeat(64),
      subjectId: newId('session'),
      request: { intent: 'tea' },
    };
    const { record, fresh } = await claimKey(db(), other);
    expect(fresh).toBe(false);
    expect(record).toMatchObject({
      bodyHash: claim.bodyHash,
      subjectId: claim.subjectId,
      request: claim.request,
    });
  });

  it('belongs to its agent', async () => {
    expect((await claimKey(db(), aClaim())).fresh).toBe(true);
    expect((await claimKey(db(), aClaim())).fresh).toBe(true);
  });

  it('lapses after a day, but never where money moves', async () => {
    for (const movesMoney of [false, true]) {
      const claim = aClaim({ movesMoney });
      await claimKey(db(), claim);
      await age(claim.agentId, 23.9);
      expect((await claimKey(db(), { ...claim, subjectId: newId('session') })).fresh).toBe(false);
      await age(claim.agentId, 24.1);
      expect((await claimKey(db(), { ...claim, subjectId: newId('session') })).fresh).toBe(!movesMoney);
    }
  });

  it('keeps the outcome, and forgets the request with it', async () => {
    const claim = aClaim();
    await claimKey(db(), claim);
    await setRequest(db(), claim.subjectId, { intent: 'headphones', name: 'Jane Doe' });
    const locked = await inTransaction(db(), (trx) => lockKeyOf(trx, claim.subjectId));
    expect(locked?.request).toEqual({ intent: 'headphones', name: 'Jane Doe' });
    const outcome = { refusal: refusal('OFFER_EXPIRED') };
    await setOutcome(db(), claim.subjectId, outcome);
    await setRequest(db(), claim.subjectId, { name: 'Jane Doe' });
    expect(await findKey(db(), claim.agentId, claim.key)).toMatchObject({ outcome, request: null });
  });

  it('gives a subject to one key only, and has a length', async () => {
    const claim = aClaim();
    await claimKey(db(), claim);
    expect(await refusalOf(claimKey(db(), { ...claim, key: 'order-2' }))).toMatch(/^unique/);
    expect(await refusalOf(claimKey(db(), aClaim({ key: '' })))).toMatch(/^check/);
    expect(await refusalOf(claimKey(db(), aClaim({ key: 'k'.repeat(129) })))).toMatch(/^check/);
  });
});
