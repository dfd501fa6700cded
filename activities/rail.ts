/**
 * The activities of a rail's own task queue, `rail-<name>`. An instruction leaves this process at most once: whoever
 * claims its transmission sends it, every other attempt (a retry, a restarted or a slow twin) only inquires.
 */
import { setTimeout } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import type { MandateAnswer, RailAnswer, RailName, SignedInstruction } from '../domain/settlement';
import type { Breaker } from '../rails/breaker';
import {
  RailUnreachableError,
  type Contest,
  type ContestAnswer,
  type MandateRequest,
  type RailAdapter,
} from '../rails/port';
import { inTransaction, type Db } from '../store/db';
import { claimTransmission } from '../store/instructions';
import { noticeCursor, setNoticeCursor, storeNotices } from '../store/notices';
import { openRun, recordStatement, type Run } from '../store/reconciliation';
import { ingestLines, type AlteredLine } from '../store/statements';
import type { StatementLine } from '../domain/settlement';
import { beating } from './beat';

export interface RailActivityDeps {
  adapter: RailAdapter;
  db: Db;
  breaker: Breaker;
  /** Names this process in the record of transmissions. */
  worker: string;
}

const SEND_ATTEMPTS = 8;
const RESEND_MS = 250;
const LINES_PER_WRITE = 1_000;

export function createRailActivities({ adapter, db, worker, breaker }: RailActivityDeps) {
  return {
    async submit({ instruction }: { instruction: SignedInstruction }): Promise<RailAnswer> {
      const id = instruction.instruction.instruction_id;
      const mine = await claimTransmission(db, id, worker);
      return reached(() => (mine ? send(instruction) : breaker.run(() => adapter.inquire(instruction))));
    },

    async inquire({ instruction }: { instruction: SignedInstruction }): Promise<RailAnswer> {
      return reached(() => breaker.run(() => adapter.inquire(instruction)));
    },

    /** Reads what the rail said since the last time, and keeps it with the place to go on from. */
    async fetchNotices({ rail }: { rail: string }): Promise<{ more: boolean }> {
      return reached(async () => {
        const cursor = await noticeCursor(db, rail as RailName);
        const told = await adapter.notices?.(cursor);
        if (!told) return { more: false };
        await inTransaction(db, async (trx) => {
          await storeNotices(trx, told.notices);
          await setNoticeCursor(trx, rail as RailName, told.cursor);
        });
        return { more: told.notices.length > 0 };
      });
    },

    async contest({ contest }: { contest: Contest }): Promise<ContestAnswer> {
      return reached(
        async () =>
          (await adapter.contest?.(contest)) ?? {
            outcome: 'rejected',
            detail: 'this rail knows no chargebacks',
          },
      );
    },

    async requestMandate(request: MandateRequest): Promise<MandateAnswer> {
      return reached(() => adapter.requestMandate(request));
    },

    /** Fetches the statement of a period into the books' copy, as it streams in. */
    async fetchStatement({ run }: { run: Run }): Promise<{ lines: number; altered: AlteredLine[] }> {
      await openRun(db, run);
      return reached(async () => {
        const statement = await adapter.statement({ from: run.from, to: run.to });
        const altered: AlteredLine[] = [];
        let count = 0;
        let batch: StatementLine[] = [];
        const flush = async () => {
          altered.push(...(await ingestLines(db, batch, run.id)));
          count += batch.length;
          batch = [];
        };
        for await (const line of statement.lines) {
          batch.push(line);
          if (batch.length >= LINES_PER_WRITE) await flush();
        }
        await flush();
        const { openingMinor, closingMinor } = statement;
        await recordStatement(db, run.id, { openingMinor, closingMinor, lines: count });
        return { lines: count, altered };
      });
    },
  };

  /**
   * The claim is held here, so an unreached network may be tried again without anybody sending twice; and giving up is
   * a proof that nothing was sent.
   */
  async function send(instruction: SignedInstruction): Promise<RailAnswer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await breaker.run(() => adapter.submit(instruction));
      } catch (error) {
        if (!(error instanceof RailUnreachableError)) throw error;
        if (attempt === SEND_ATTEMPTS) return { outcome: 'not_sent', detail: error.message };
        await setTimeout(RESEND_MS * attempt);
      }
    }
  }
}

export type RailActivities = ReturnType<typeof createRailActivities>;

/** Beats while the network answers. An unreached network is the one failure that may simply be tried again. */
async function reached<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await beating(call);
  } catch (error) {
    if (error instanceof RailUnreachableError)
      throw ApplicationFailure.retryable(error.message, 'RailUnreachable');
    throw error;
  }
}
