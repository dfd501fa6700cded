/** Members of netting cycles, deals between them, and a batch rail whose answers a test decides. */
import { advanceToSettling } from '../../activities/authorize';
import type { ActivityDeps } from '../../activities';
import { nettingActivities, type NettingStep } from '../../activities/netting';
import { createEmbedder } from '../../domain/embedding';
import { newId } from '../../domain/ids';
import { createRuleInterpreter } from '../../domain/interpretation';
import { createSigner, generateKeyPair } from '../../domain/keys';
import type { Money } from '../../domain/money';
import { createPolicyEngine } from '../../domain/policies';
import { PROFILES, type ProfileId } from '../../domain/profiles';
import { RAIL_TERMS } from '../../domain/rail-terms';
import {
  isIncoming,
  sha256Hex,
  signNotice,
  signProof,
  type Instruction,
  type RailAnswer,
  type RailNotice,
  type StatementLine,
} from '../../domain/settlement';
import { inTransaction, type Db } from '../../store/db';
import { findProof } from '../../store/instructions';
import { upsertMembership } from '../../store/netting';
import { lockNetPayment } from '../../store/netting-payments';
import { useMandate } from '../../store/payment-accounts';
import { registerRailKey } from '../../store/trust';
import { findDeal, lockDeal, type Deal } from '../../store/transactions';
import {
  aBeacon,
  aDeal,
  aMandate,
  aPrincipal,
  aScout,
  usd,
  type TestAgent,
  type TestPrincipal,
} from './factories';

const RAIL = 'ach';
const CYCLE = { rail: RAIL, asset: 'USD' } as const;

export interface Member {
  principal: TestPrincipal;
  scout: TestAgent;
  beacon: TestAgent;
  mandateId: string;
}

export interface Netting {
  deps: ActivityDeps;
  activities: ReturnType<typeof nettingActivities>;
  aMember(wish?: { cap?: Money; ceiling?: Money; joined?: boolean }): Promise<Member>;
  /** A committed deal, authorized by the very code that a commit runs. */
  aDeal(
    buyer: Member,
    seller: Member,
    amount: Money,
    wish?: { fee?: Money; profileId?: ProfileId },
  ): Promise<{ deal: Deal; outcome: string }>;
  deal(id: string): Promise<Deal>;
  executed(instruction: Instruction, line?: Partial<StatementLine>): RailAnswer;
  /** Answers a net payment as the rail would, and what came of it. */
  answer(paymentId: string, answer: (instruction: Instruction) => RailAnswer): Promise<string>;
  /** Carries out whatever the cycle asks for until it has ended; each activity runs twice. */
  runOut(
    cycleId: string,
    answer: (instruction: Instruction, principalId: string) => RailAnswer,
  ): Promise<NettingStep>;
  notice(instruction: Instruction, reasonCode: string): Promise<RailNotice>;
}

export const rejected: RailAnswer = {
  outcome: 'rejected',
  reason: 'R01',
  detail: 'insufficient funds',
  evidence: '',
};

/** Registers the rail's key. Once a database. */
export async function createNetting(db: Db): Promise<Netting> {
  const aura = createSigner(generateKeyPair().privateKeyPem, 'aura');
  const { privateKeyPem, publicKey } = generateKeyPair();
  const rail = createSigner(privateKeyPem, 'rail-ach');
  await registerRailKey(db, { keyId: 'rail-ach', rail: RAIL, publicKey });
  const deps: ActivityDeps = {
    db,
    signer: aura,
    interpreter: createRuleInterpreter(),
    embedder: createEmbedder(),
    railTerms: RAIL_TERMS,
    profiles: PROFILES,
    policies: createPolicyEngine(),
  };
  const activities = nettingActivities(deps);

  const answerPayment: Netting['answer'] = async (paymentId, answer) => {
    const { instruction } = await activities.netPaymentInstruction({ paymentId });
    if (!instruction) return 'ended';
    const { instruction_id: instructionId } = instruction.instruction;
    const asked = { workflowId: paymentId, paymentId, instructionId, inquiries: 0 };
    const said = answer(instruction.instruction);
    const first = await activities.settleNetPayment({ ...asked, answer: said });
    const second = await activities.settleNetPayment({ ...asked, answer: said });
    expect(second).toMatchObject(first);
    return first.next === 'done' ? first.status : first.next;
  };

  return {
    deps,
    activities,
    async aMember({ cap, ceiling, joined = true } = {}) {
      const principal = await aPrincipal(db);
      const scout = await aScout(db, { principal });
      const mandateId = await aMandate(db, { principal, ceiling, rail: RAIL });
      if (joined) {
        await inTransaction(db, (trx) =>
          upsertMembership(trx, {
            ...CYCLE,
            principalId: principal.id,
            active: true,
            debitCapMinor: cap?.amountMinor ?? null,
            updatedBy: scout.id,
          }),
        );
      }
      return { principal, scout, beacon: await aBeacon(db, { principal }), mandateId };
    },
    async aDeal(buyer, seller, amount, { fee, profileId = 'services' } = {}) {
      const at = { market: 'committed', clearing: 'risk_assessed' } as const;
      const parties = { scout: buyer.scout, beacon: seller.beacon };
      const { id } = await aDeal(db, { at, amount, fee, profileId, ...parties });
      const plan = JSON.stringify([{ rail: RAIL, mandate_id: buyer.mandateId }]);
      await db('transactions')
        .where({ id })
        .update({ rail: RAIL, rails: [RAIL], mandate_id: buyer.mandateId, rail_plan: plan });
      const outcome = await inTransaction(db, async (trx) => {
        if (!(await useMandate(trx, buyer.mandateId, amount.amountMinor)))
          throw new Error('the mandate ran out');
        return advanceToSettling(trx, deps, await lockDeal(trx, id), { isCommit: true });
      });
      return { deal: await found(id), outcome: outcome.outcome };
    },
    deal: found,
    executed: (instruction, line) => executed(instruction, line),
    answer: answerPayment,
    async runOut(cycleId, answer) {
      for (let round = 0; round < 20; round++) {
        const step = await activities.advanceCycle({ cycleId });
        expect(await activities.advanceCycle({ cycleId })).toEqual(step);
        for (const paymentId of step.pay) {
          const { principalId } = await inTransaction(db, (trx) => lockNetPayment(trx, paymentId));
          await answerPayment(paymentId, (instruction) => answer(instruction, principalId));
        }
        if (step.ended) return step;
      }
      throw new Error(`${cycleId} does not end`);
    },
    async notice(instruction, reasonCode) {
      const proof = await findProof(db, instruction.instruction_id);
      if (!proof) throw new Error('there is nothing to return');
      const evidence = `799${reasonCode}`;
      return signNotice(
        {
          type: 'aura.rail-notice.v1',
          rail: RAIL,
          network: 'sandbox',
          notice_id: newId('notice'),
          kind: 'return',
          instruction_id: instruction.instruction_id,
          original_reference: proof.statement.reference,
          amount_minor: instruction.amount_minor,
          asset: instruction.asset,
          fee_minor: '0',
          reason_code: reasonCode,
          reason: 'returned',
          reference: `RET-${instruction.instruction_id}`,
          line: '0',
          business_date: proof.statement.business_date,
          occurred_at: new Date().toISOString(),
          evidence_format: 'test',
          evidence_sha256: sha256Hex(evidence),
        },
        evidence,
        rail,
      );
    },
  };

  async function found(id: string): Promise<Deal> {
    const deal = await findDeal(db, id);
    if (!deal) throw new Error(`no deal ${id}`);
    return deal;
  }

  function executed(instruction: Instruction, line?: Partial<StatementLine>): RailAnswer {
    const at = new Date(Date.parse(instruction.created_at) + 1).toISOString();
    const evidence = `822${instruction.instruction_id}`;
    const booked = {
      rail: instruction.rail,
      network: 'sandbox',
      reference: `TRACE-${instruction.instruction_id}`,
      line: '0',
      business_date: at.slice(0, 10),
      amount_minor: instruction.amount_minor,
      asset: instruction.asset,
      instruction_id: instruction.instruction_id,
    };
    const proof = signProof(
      {
        ...booked,
        type: 'aura.settlement-proof.v1',
        commitment_hash: instruction.commitment_hash,
        finality: 'provisional',
        executed_at: at,
        evidence_format: 'test',
        evidence_sha256: sha256Hex(evidence),
      },
      evidence,
      rail,
    );
    const direction = isIncoming(instruction.kind) ? 'credit' : 'debit';
    const lines: StatementLine[] = line
      ? [{ ...booked, direction, fee_minor: '0', booked_at: at, source_format: 'test', ...line }]
      : [];
    return { outcome: 'executed', proof, lines };
  }
}

export { usd };
