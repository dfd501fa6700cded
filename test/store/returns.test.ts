/** Money that came otherwise than instructed goes back once, however often the way back fails. */
import { advanceToSettling } from '../../activities/authorize';
import type { ActivityDeps } from '../../activities';
import { settleActivities, type SettleResult } from '../../activities/settle';
import { MAX_INSTRUCTIONS, type OperatorAction } from '../../domain/clearing/exceptions';
import { createEmbedder } from '../../domain/embedding';
import { newId } from '../../domain/ids';
import { createRuleInterpreter } from '../../domain/interpretation';
import { createSigner, generateKeyPair } from '../../domain/keys';
import { createPolicyEngine } from '../../domain/policies';
import { PROFILES } from '../../domain/profiles';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { sha256Hex, signProof, type Instruction, type RailAnswer } from '../../domain/settlement';
import { inTransaction } from '../../store/db';
import { insertDecision } from '../../store/exceptions';
import { claimTransmission } from '../../store/instructions';
import { checkLedger } from '../../store/ledger';
import { findDeal, lockDeal } from '../../store/transactions';
import { registerRailKey } from '../../store/trust';
import { useMandate } from '../../store/payment-accounts';
import { describeWithDatabase } from '../support/database';
import { aDeal, aMandate, aScout } from '../support/factories';

describeWithDatabase('the return of a nonconforming execution', (database) => {
  const db = () => database().db;
  const keys = generateKeyPair();
  const rail = createSigner(keys.privateKeyPem, 'rail-rtp');
  let deps: ActivityDeps;

  beforeAll(async () => {
    await registerRailKey(db(), { keyId: 'rail-rtp', rail: 'rtp', publicKey: keys.publicKey });
    deps = {
      db: db(),
      signer: createSigner(generateKeyPair().privateKeyPem, 'aura'),
      interpreter: createRuleInterpreter(),
      embedder: createEmbedder(),
      railTerms: RAIL_TERMS,
      profiles: PROFILES,
      policies: createPolicyEngine(),
    };
  });

  const executed = (instruction: Instruction, amountMinor = instruction.amount_minor): RailAnswer => {
    const at = new Date(Date.parse(instruction.created_at) + 1).toISOString();
    const evidence = `<pacs.002>${instruction.instruction_id}</pacs.002>`;
    const statement = {
      type: 'aura.settlement-proof.v1' as const,
      rail: instruction.rail,
      network: 'sandbox',
      reference: `REF-${instruction.instruction_id}`,
      line: '0',
      business_date: at.slice(0, 10),
      instruction_id: instruction.instruction_id,
      commitment_hash: instruction.commitment_hash,
      amount_minor: amountMinor,
      asset: instruction.asset,
      finality: 'irrevocable' as const,
      executed_at: at,
      evidence_format: 'test',
      evidence_sha256: sha256Hex(evidence),
    };
    return { outcome: 'executed', proof: signProof(statement, evidence, rail), lines: [] };
  };
  const expired = ({ expires_at }: Instruction): RailAnswer => ({
    outcome: 'not_found',
    detail: 'no such transfer',
    as_of: new Date(Date.parse(expires_at) + RAIL_TERMS.rtp.maxDelayMs).toISOString(),
  });
  const notSent: RailAnswer = { outcome: 'not_sent', detail: 'the network is not reached' };
  const refused: RailAnswer = { outcome: 'rejected', reason: 'AC04', detail: 'account closed', evidence: '' };

  /** A deal whose payment executed with a cent too much, and its first return. */
  async function aReturn() {
    const scout = await aScout(db());
    const committed = await aDeal(db(), { scout, at: { market: 'committed', clearing: 'risk_assessed' } });
    const mandate = await aMandate(db(), { principal: scout.principal });
    await db()('transactions').where({ id: committed.id }).update({ mandate_id: mandate });
    const authorized = await inTransaction(db(), async (trx) => {
      await useMandate(trx, mandate, committed.totalMinor);
      return advanceToSettling(trx, deps, await lockDeal(trx, committed.id), { isCommit: true });
    });
    if (authorized.outcome !== 'instructed') throw new Error(`the deal is ${authorized.outcome}`);
    const { instruction } = authorized.instruction;
    const tooMuch = (BigInt(instruction.amount_minor) + 1n).toString();
    const activities = settleActivities(deps);
    const transactionId = committed.id;
    const answer = (of: Instruction, said: RailAnswer) =>
      activities.settleDeal({ transactionId, instructionId: of.instruction_id, answer: said, inquiries: 0 });
    const first = await answer(instruction, executed(instruction, tooMuch));
    return {
      transactionId,
      /** What is submitted next. Each answer is judged twice, as after a crash. */
      next: async (of: Instruction, said: RailAnswer): Promise<Instruction> => {
        const result = await answer(of, said);
        expect(await answer(of, said)).toMatchObject(result);
        return submitted(result);
      },
      answer,
      first: submitted(first),
      decide: (of: Instruction) =>
        activities.takeOperatorDecision({ transactionId, instructionId: of.instruction_id }),
      returns: () =>
        db()('instructions')
          .where({ subject_id: transactionId, kind: 'return' })
          .orderBy('id')
          .select<{ id: string; status: string; replaces: string | null }[]>('id', 'status', 'replaces'),
      exception: () =>
        db()('exceptions').where({ subject_id: transactionId }).first<{ id: string; doing: string }>(),
    };
  }

  function submitted(result: SettleResult): Instruction {
    if (result.next !== 'submit') throw new Error(`next is ${result.next}`);
    return result.instruction.instruction;
  }

  it.each([
    ['expired before it was sent', expired],
    ['did not reach the rail', () => notSent],
  ])('is instructed anew, once, where it %s, and ends the deal when it is proved', async (_how, fails) => {
    const { transactionId, first, next, answer, returns, exception } = await aReturn();
    await claimTransmission(db(), first.instruction_id, 'rail worker');
    const second = await next(first, fails(first));
    expect(second).toMatchObject({
      kind: 'return',
      amount_minor: first.amount_minor,
      creditor: first.creditor,
      returns_reference: first.returns_reference,
    });
    expect(await returns()).toEqual([
      { id: first.instruction_id, status: 'never_executed', replaces: null },
      { id: second.instruction_id, status: 'signed', replaces: first.instruction_id },
    ]);
    expect(await exception()).toMatchObject({ doing: 'send_back', instruction_id: second.instruction_id });
    expect(await answer(second, executed(second))).toEqual({ next: 'ended' });
    expect(await findDeal(db(), transactionId)).toMatchObject({
      marketState: 'failed',
      clearingState: 'declined',
    });
    expect(await checkLedger(db())).toMatchObject({ balanced: true });
  });

  it('is not instructed anew while it may still execute', async () => {
    const { first, answer, returns } = await aReturn();
    await claimTransmission(db(), first.instruction_id, 'rail worker');
    const asOf = new Date(Date.parse(first.expires_at)).toISOString();
    const early = await answer(first, { outcome: 'not_found', detail: 'no such transfer', as_of: asOf });
    expect(early).toMatchObject({ next: 'inquire' });
    expect(await returns()).toHaveLength(1);
  });

  it('waits for an operator after so many tries, and once the rail refuses it', async () => {
    const { transactionId, first, next, answer, decide, returns, exception } = await aReturn();
    let last = first;
    for (let tries = 1; tries < (MAX_INSTRUCTIONS.nonconforming ?? 0); tries++)
      last = await next(last, notSent);
    expect(await answer(last, notSent)).toEqual({ next: 'operator' });
    expect(await returns()).toHaveLength(MAX_INSTRUCTIONS.nonconforming ?? 0);
    const stuck = await exception();
    expect(stuck).toMatchObject({ doing: 'operator' });
    expect(await decide(last)).toEqual({ next: 'none' });
    const decision = {
      exceptionId: stuck?.id ?? '',
      operatorId: (await aScout(db())).id,
      reason: 'the network is back',
      signedRequest: {},
    };
    const decided = (action: OperatorAction) =>
      inTransaction(db(), (trx) => insertDecision(trx, { ...decision, id: newId('decision'), action }));
    await decided('inquire');
    // The decision is taken; a crash right then must not lose it, nor let anybody decide until it was carried out.
    expect([await decide(last), await decide(last)]).toEqual([{ next: 'inquire' }, { next: 'inquire' }]);
    expect(await exception()).toMatchObject({ doing: 'inquire' });
    expect(await answer(last, notSent)).toEqual({ next: 'operator' });
    expect(await decide(last)).toEqual({ next: 'none' });
    await decided('send_back');
    const ordered = await decide(last);
    // Nor the return that it ordered.
    expect(await decide(last)).toMatchObject(ordered);
    if (ordered.next !== 'submit') throw new Error(`next is ${ordered.next}`);
    const { instruction } = ordered.instruction;
    expect(instruction.instruction_id).not.toBe(last.instruction_id);
    expect(await answer(instruction, refused)).toEqual({ next: 'operator' });
    expect(await findDeal(db(), transactionId)).toMatchObject({ clearingState: 'exception' });
  });
});
