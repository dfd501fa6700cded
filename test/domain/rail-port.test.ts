/** The rail port as others see it: the schemas take what the house's own adapters make, and the vectors verify. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../../domain/canonical';
import { verifyRequest } from '../../domain/request-signature';
import {
  PORT_ACTIVITIES,
  railPortSchemas,
  railPortVectors,
  readRailAnswer,
  type alteredLine,
  type mandateAnswer,
  type mandateRequest,
  type railAnswer,
  type railNotice,
  type settlementProof,
  type signedInstruction,
  type statementLine,
  type statementRun,
} from '../../domain/rail-port';
import type {
  MandateAnswer,
  RailAnswer,
  RailNotice,
  SettlementProof,
  SignedInstruction,
  StatementLine,
} from '../../domain/settlement';
import type { MandateRequest } from '../../rails/port';
import type { Run } from '../../store/reconciliation';
import type { AlteredLine } from '../../store/statements';
import { createInstantHarness, type RailHarness } from '../support/rail-harness';

jest.setTimeout(60_000);

// The types agree both ways, or this file does not compile.
type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T;
type Both<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
type Same<A, B> = Both<Frozen<A>, Frozen<B>>;
const agreement: readonly true[] = [
  true satisfies Same<z.infer<typeof signedInstruction>, SignedInstruction>,
  true satisfies Same<z.infer<typeof settlementProof>, SettlementProof>,
  true satisfies Same<z.infer<typeof statementLine>, StatementLine>,
  true satisfies Same<z.infer<typeof railNotice>, RailNotice>,
  true satisfies Same<z.infer<typeof railAnswer>, RailAnswer>,
  true satisfies Same<z.infer<typeof mandateAnswer>, MandateAnswer>,
  true satisfies Same<z.infer<typeof mandateRequest>, MandateRequest>,
  true satisfies Same<z.infer<typeof statementRun>, Run>,
  true satisfies Same<z.infer<typeof alteredLine>, AlteredLine>,
];

/** The JSON Schema as an adapter's author has it, and whether a document fits it. */
function fits(name: string, document: unknown): string {
  const schema = z.fromJSONSchema(railPortSchemas()[name] as never);
  const read = schema.safeParse(document);
  return read.success ? 'fits' : z.prettifyError(read.error);
}

describe('the schemas of the rail port', () => {
  let rail: RailHarness;
  beforeAll(async () => {
    rail = await createInstantHarness('fednow');
  });
  afterAll(() => rail?.stop());

  it('have the types of the port', () => {
    expect(agreement.every(Boolean)).toBe(true);
  });

  it('take an instruction, its execution, and the statement', async () => {
    const signed = await rail.instruct('pay_in');
    expect(fits('signed-instruction', signed)).toBe('fits');
    expect(fits('submit.input', { instruction: signed })).toBe('fits');
    const answer = await rail.settle(signed);
    expect(answer.outcome).toBe('executed');
    expect(fits('rail-answer', answer)).toBe('fits');
    expect(fits('submit.output', answer)).toBe('fits');
    if (answer.outcome === 'executed') expect(fits('settlement-proof', answer.proof)).toBe('fits');
    const period = { from: signed.instruction.created_at, to: new Date(Date.now() + 1_000).toISOString() };
    const statement = await rail.adapter.statement(period);
    let count = 0;
    for await (const one of statement.lines) {
      expect(fits('statement-line', one)).toBe('fits');
      count++;
    }
    expect(count).toBeGreaterThan(0);
  });

  it.each([
    ['reject_AC04', 'rejected'],
    ['pending', 'pending'],
    ['time_out', 'unknown'],
  ] as const)('take the answer to %s', async (kind, outcome) => {
    await rail.misbehave(kind);
    const answer = await (kind === 'time_out' ? rail.impatient : rail.adapter).submit(
      await rail.instruct('pay_in'),
    );
    expect(answer.outcome).toBe(outcome);
    expect(fits('rail-answer', answer)).toBe('fits');
    expect(readRailAnswer('fednow', answer)).toEqual(answer);
  });

  it('take the answer that nothing was found', async () => {
    const answer = await rail.adapter.inquire(await rail.instruct('pay_in'));
    expect(answer.outcome).toBe('not_found');
    expect(fits('inquire.output', answer)).toBe('fits');
  });

  it.each([
    { outcome: 'pending', detail: 'in the chain', progress: { done: 5, of: 12, unit: 'confirmations' } },
    {
      outcome: 'pending',
      detail: 'to be confirmed',
      action: { kind: 'challenge', url: 'https://bank.example/3ds' },
    },
    { outcome: 'not_sent', detail: 'the bank was not reached' },
  ] satisfies RailAnswer[])('take $outcome: $detail', (answer) => {
    expect(fits('rail-answer', answer)).toBe('fits');
    expect(readRailAnswer('card', answer)).toEqual(answer);
  });

  it('refuse what the books could not keep', () => {
    const [proof] = railPortVectors().proofs;
    const answer = (change: object) => ({
      outcome: 'executed',
      proof: { ...proof, statement: { ...proof?.statement, ...change } },
      lines: [],
    });
    expect(readRailAnswer('fednow', answer({})).outcome).toBe('executed');
    for (const change of [
      { amount_minor: 34_999 },
      { amount_minor: '349.99' },
      { amount_minor: '9'.repeat(39) },
      { business_date: '2026-02-30' },
      { executed_at: 'yesterday' },
      { reference: 'with a \u0000' },
      { reference: 'half a \ud834' },
      { note: 'a field that is not understood' },
    ]) {
      const read = readRailAnswer('fednow', answer(change));
      expect([change, read.outcome]).toEqual([change, 'unknown']);
    }
    expect(readRailAnswer('fednow', null).outcome).toBe('unknown');
  });

  it('refuse lines of another rail, and fees above the amount', () => {
    const [proof] = railPortVectors().proofs;
    const line = {
      rail: 'fednow',
      network: 'FDN',
      business_date: '2026-11-21',
      reference: 'R-20261121-0001',
      line: '0',
      direction: 'credit',
      amount_minor: '34999',
      fee_minor: '0',
      asset: 'USD',
      instruction_id: null,
      booked_at: '2026-11-21T09:30:01.250Z',
      source_format: 'json',
    };
    const answer = (change: object) => ({ outcome: 'executed', proof, lines: [{ ...line, ...change }] });
    expect(readRailAnswer('fednow', answer({})).outcome).toBe('executed');
    expect(readRailAnswer('fednow', answer({ rail: 'rtp' })).outcome).toBe('unknown');
    expect(readRailAnswer('fednow', answer({ fee_minor: '35000' })).outcome).toBe('unknown');
  });
});

describe('the vectors', () => {
  const vectors = railPortVectors();
  // Verified with nothing but the platform's own crypto, as somebody else would.
  const holds = (publicKey: string, text: string, signature: string) => {
    const der = Buffer.concat([
      Buffer.from('302a300506032b6570032100', 'hex'),
      Buffer.from(publicKey, 'base64'),
    ]);
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'));
  };
  const keyOf = (id: string) => vectors.keys.find(({ key_id }) => key_id === id)?.public_key ?? '';

  it('have canonical forms that hash as they say', () => {
    for (const { value, canonical, sha256 } of vectors.canonical) {
      expect(canonicalJson(value)).toBe(canonical);
      expect(createHash('sha256').update(canonical).digest('hex')).toBe(sha256);
      expect(canonicalJson(JSON.parse(canonical))).toBe(canonical);
    }
  });

  it('are signed as they say, and fit the schemas', () => {
    for (const signed of vectors.instructions) {
      expect(holds(keyOf(signed.key_id), canonicalJson(signed.instruction), signed.signature)).toBe(true);
      expect(fits('signed-instruction', signed)).toBe('fits');
    }
    for (const [name, signed] of [
      ...vectors.proofs.map((proof) => ['settlement-proof', proof] as const),
      ...vectors.notices.map((notice) => ['rail-notice', notice] as const),
    ]) {
      expect(holds(keyOf(signed.key_id), canonicalJson(signed.statement), signed.signature)).toBe(true);
      expect(createHash('sha256').update(signed.evidence).digest('hex')).toBe(
        signed.statement.evidence_sha256,
      );
      expect(fits(name, signed)).toBe('fits');
    }
    for (const { public_key, message, signature, verifies } of vectors.signatures)
      expect(holds(public_key, message, signature)).toBe(verifies);
    for (const request of vectors.requests) {
      expect(holds(keyOf(request.key_id), request.signing_text, request.signature)).toBe(true);
      expect(verifyRequest(request, request.signature, keyOf(request.key_id))).toBe(true);
    }
  });

  it('never change', () => {
    expect(railPortVectors()).toEqual(vectors);
    expect(vectors.canonical.at(-1)?.sha256).toMatch(/^8f0aadec65a79e6a/);
  });
});

describe('the activities', () => {
  it('have the times that workflows give them', () => {
    const asked: Record<string, unknown>[] = [];
    jest.doMock('@temporalio/workflow', () => ({
      ...jest.requireActual<object>('@temporalio/workflow'),
      proxyActivities: (options: Record<string, unknown>) => {
        asked.push(options);
        return {};
      },
      proxyLocalActivities: () => ({}),
    }));
    const proxies = jest.requireActual<Record<'rail' | 'statements', (name: string) => unknown>>(
      '../../workflows/activities',
    );
    asked.length = 0;
    proxies.rail('fednow');
    proxies.statements('fednow');
    const [call, statement] = asked.map((options) => ({
      startToClose: options.startToCloseTimeout,
      ...(options.scheduleToCloseTimeout !== undefined && {
        scheduleToClose: options.scheduleToCloseTimeout,
      }),
      heartbeat: options.heartbeatTimeout,
      maximumAttempts: (options.retry as { maximumAttempts: number }).maximumAttempts,
    }));
    const { fetchStatement, ...others } = PORT_ACTIVITIES;
    for (const { times } of Object.values(others)) expect(times).toEqual(call);
    expect(fetchStatement.times).toEqual(statement);
    expect(asked.map(({ taskQueue }) => taskQueue)).toEqual(['rail-fednow', 'rail-fednow']);
  });
});
