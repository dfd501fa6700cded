/** Reconciliation: what the rail's statement says against what the books say. */
import { newId } from '../domain/ids';
import type { RailName } from '../domain/settlement';
import { databaseNow } from '../store/clock';
import { inTransaction } from '../store/db';
import { postEntries } from '../store/ledger';
import { alteredBreak, fileBreaks, findBreaks, finishRun, type Run } from '../store/reconciliation';
import { recordChange } from '../store/states';
import { matchInstruction, unmatchedInstructions, type AlteredLine } from '../store/statements';
import { lockDeal, stateOf } from '../store/transactions';
import type { ActivityDeps } from './deps';

const BATCH = 500;

export interface ReconciledBatch {
  matched: number;
  /** Deals that cleared by this batch, so that their workflows can be told. */
  cleared: string[];
  more: boolean;
}

export function reconciliationActivities({ db }: ActivityDeps) {
  return {
    /** A run over the last `lookbackMs`, on the database's clock. */
    async planRun(input: { rail: string; asset: string; lookbackMs: number }): Promise<Run> {
      const to = await databaseNow(db);
      return {
        id: newId('reconciliation'),
        rail: input.rail as RailName,
        asset: input.asset,
        from: new Date(to.getTime() - input.lookbackMs).toISOString(),
        to: to.toISOString(),
      };
    },

    /** Matches executed instructions with lines that came in; pay-ins go to cleared (T22). */
    async matchStatement({ run }: { run: Run }): Promise<ReconciledBatch> {
      const open = await unmatchedInstructions(db, run.rail, BATCH);
      let matched = 0;
      const cleared: string[] = [];
      for (const { id, kind, transactionId } of open) {
        const isPayIn = kind === 'pay_in' && transactionId !== null;
        const result = isPayIn ? await clear(id, transactionId) : await book(id);
        if (result === 'none') continue;
        matched++;
        if (result === 'cleared' && transactionId) cleared.push(transactionId);
      }
      return { matched, cleared, more: open.length === BATCH && matched > 0 };
    },

    /** Files every difference that is left, and closes the run. */
    async closeRun(input: {
      run: Run;
      altered: AlteredLine[];
      matched: number;
    }): Promise<{ openBreaks: number }> {
      const { run, altered, matched } = input;
      return inTransaction(db, async (trx) => {
        const found = [...(await findBreaks(trx, run)), ...altered.map(alteredBreak)];
        const { open } = await fileBreaks(trx, run, found);
        await finishRun(trx, run.id, { matched, breaks: found.length });
        return { openBreaks: open };
      });
    },
  };

  async function clear(
    instructionId: string,
    transactionId: string,
  ): Promise<'cleared' | 'matched' | 'none'> {
    return inTransaction(db, async (trx) => {
      const deal = await lockDeal(trx, transactionId);
      const match = await matchInstruction(trx, instructionId);
      if (!match) return 'none';
      if (deal.clearingState !== 'settled') {
        await postEntries(trx, [match.entry]);
        return 'matched';
      }
      const told = { session_id: deal.sessionId, transaction_id: deal.id };
      await recordChange(trx, {
        sessionId: deal.sessionId,
        transactionId,
        state: stateOf(deal),
        steps: [{ transition: 'T22', detail: { reference: match.line.reference } }],
        actor: 'aura',
        entries: [match.entry],
        events: [{ type: 'transaction.cleared', correlationId: deal.sessionId, payload: told }],
        audit: { action: 'deal.cleared', detail: { reference: match.line.reference } },
      });
      return 'cleared';
    });
  }

  async function book(instructionId: string): Promise<'matched' | 'none'> {
    return inTransaction(db, async (trx) => {
      const match = await matchInstruction(trx, instructionId);
      if (!match) return 'none';
      await postEntries(trx, [match.entry]);
      return 'matched';
    });
  }
}
