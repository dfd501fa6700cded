/**
 * Debts to AURA after a reversal. First the debtor's margin of the same deal and its free balance, at once; then a call
 * with a deadline; then default: the default fund, AURA's capital, and the debtor is suspended.
 */
import { newId } from '../domain/ids';
import { waterfall, type Waterfall } from '../domain/ledger/postings';
import { databaseNow } from '../store/clock';
import { inTransaction, rows, type Trx } from '../store/db';
import { postEntries } from '../store/ledger';
import { marginsOf, setMargin } from '../store/margins';
import { lockPrincipals, suspendPrincipal } from '../store/principals';
import {
  insertRecovery,
  lockOpenRecoveries,
  lockRecovery,
  openMinor,
  setRecovery,
  type Recovery,
} from '../store/recoveries';
import { recordAudit, recordEvents } from '../store/states';
import type { Deal } from '../store/transactions';
import type { ActivityDeps } from './deps';
import { freeCollateral } from './end';

const NOTHING: Waterfall = { marginMinor: 0n, collateralMinor: 0n, defaultFundMinor: 0n, capitalMinor: 0n };

/** Opens a debt that the ledger has just booked as recoverable, and takes what the debtor has. */
export async function openRecovery(
  trx: Trx,
  deps: Pick<ActivityDeps, 'profiles'>,
  deal: Deal,
  debt: { principalId: string; owedMinor: bigint; cause: string },
): Promise<string> {
  const { recoveryDays, dayMs } = deps.profiles[deal.profileId];
  return openDebt(trx, { transactionId: deal.id, asset: deal.asset, ...debt }, recoveryDays * dayMs);
}

/** The same for a debt that may belong to no deal. */
export async function openDebt(
  trx: Trx,
  debt: Pick<Recovery, 'transactionId' | 'asset' | 'principalId' | 'owedMinor' | 'cause'>,
  callMs: number,
): Promise<string> {
  const id = newId('recovery');
  await insertRecovery(trx, { id, ...debt }, callMs);
  const recovery = await lockRecovery(trx, id);
  const left = await coverOne(trx, recovery, 'own');
  if (left > 0n) {
    const payload = {
      recovery_id: id,
      transaction_id: debt.transactionId,
      principal_id: debt.principalId,
      owed_minor: left.toString(),
      asset: debt.asset,
      until: recovery.callUntil.toISOString(),
    };
    await recordEvents(trx, [{ type: 'recovery.called', correlationId: debt.principalId, payload }]);
  }
  return id;
}

/** Covers a principal's open debts from its free balance, oldest first; the ids of those that are covered now. */
export async function coverOpenDebts(trx: Trx, principalId: string, asset: string): Promise<string[]> {
  const covered: string[] = [];
  for (const recovery of await lockOpenRecoveries(trx, principalId, asset)) {
    const step = `deposit:${openMinor(recovery).toString()}`;
    if ((await coverOne(trx, recovery, step)) === 0n) covered.push(recovery.id);
  }
  return covered;
}

/** Takes from the deal's margin and the free balance; answers what is still owed. */
async function coverOne(trx: Trx, recovery: Recovery, step: string): Promise<bigint> {
  const { id, principalId, asset, transactionId } = recovery;
  const open = openMinor(recovery);
  const margin = transactionId ? await marginOf(trx, transactionId, principalId) : undefined;
  const marginMinor = least(margin?.heldMinor ?? 0n, open);
  const collateralMinor = least(await freeCollateral(trx, principalId, asset), open - marginMinor);
  const taken = { ...NOTHING, marginMinor, collateralMinor };
  if (marginMinor + collateralMinor === 0n) return open;
  if (margin && transactionId)
    await setMargin(trx, transactionId, { ...margin, heldMinor: margin.heldMinor - marginMinor });
  return book(trx, recovery, { id, step, taken });
}

async function marginOf(trx: Trx, transactionId: string, principalId: string) {
  const margins = await marginsOf(trx, transactionId);
  return [margins.buyer, margins.seller].find((margin) => margin.principalId === principalId);
}

async function book(
  trx: Trx,
  recovery: Recovery,
  { id, step, taken }: { id: string; step: string; taken: Waterfall },
  end?: 'defaulted',
): Promise<bigint> {
  const { principalId: debtor, asset, transactionId } = recovery;
  await postEntries(trx, [waterfall({ recoveryId: id, step, transactionId, debtor, asset, covered: taken })]);
  const covered = sum(recovery.covered, taken);
  const left = openMinor({ ...recovery, covered });
  const status = end ?? (left === 0n ? 'covered' : 'called');
  await setRecovery(trx, id, { covered, status });
  if (status === 'covered') {
    const payload = { recovery_id: id, principal_id: debtor };
    await recordEvents(trx, [{ type: 'recovery.covered', correlationId: debtor, payload }]);
  }
  return left;
}

function sum(a: Waterfall, b: Waterfall): Waterfall {
  return {
    marginMinor: a.marginMinor + b.marginMinor,
    collateralMinor: a.collateralMinor + b.collateralMinor,
    defaultFundMinor: a.defaultFundMinor + b.defaultFundMinor,
    capitalMinor: a.capitalMinor + b.capitalMinor,
  };
}

const least = (a: bigint, b: bigint) => (a < b ? a : b);

export function recoveryActivities({ db }: ActivityDeps) {
  return {
    /** How long the call still runs; null when it is over already. */
    async recoveryCall({ recoveryId }: { recoveryId: string }): Promise<{ forMs: number | null }> {
      return inTransaction(db, async (trx) => {
        const { status, callUntil } = await lockRecovery(trx, recoveryId);
        if (status !== 'called') return { forMs: null };
        const now = await databaseNow(trx);
        return { forMs: Math.max(0, callUntil.getTime() - now.getTime()) };
      });
    },

    /** The call ran out: what the debtor has, then the default fund, then AURA's capital; and the debtor is suspended. */
    async declareDefault({ recoveryId }: { recoveryId: string }): Promise<{ status: string }> {
      return inTransaction(db, async (trx) => {
        const first = await lockRecovery(trx, recoveryId);
        await lockPrincipals(trx, [first.principalId]);
        if (first.status !== 'called') return { status: first.status };
        if ((await coverOne(trx, first, 'last')) === 0n) return { status: 'covered' };
        const recovery = await lockRecovery(trx, recoveryId);
        const open = openMinor(recovery);
        const defaultFundMinor = least(await defaultFund(trx, recovery.asset), open);
        const taken = { ...NOTHING, defaultFundMinor, capitalMinor: open - defaultFundMinor };
        await book(trx, recovery, { id: recoveryId, step: 'default', taken }, 'defaulted');
        await suspendPrincipal(trx, recovery.principalId);
        await tellDefault(trx, recovery, taken);
        return { status: 'defaulted' };
      });
    },
  };
}

async function defaultFund(trx: Trx, asset: string): Promise<bigint> {
  const [fund] = await rows<{ balance: string }>(
    trx,
    `SELECT balance_minor AS balance FROM accounts WHERE owner = 'aura' AND kind = 'default_fund' AND asset = ? FOR UPDATE`,
    [asset],
  );
  const balance = BigInt(fund?.balance ?? 0);
  return balance > 0n ? balance : 0n;
}

async function tellDefault(trx: Trx, recovery: Recovery, taken: Waterfall): Promise<void> {
  const payload = {
    recovery_id: recovery.id,
    transaction_id: recovery.transactionId,
    principal_id: recovery.principalId,
    default_fund_minor: taken.defaultFundMinor.toString(),
    capital_minor: taken.capitalMinor.toString(),
    asset: recovery.asset,
  };
  const correlationId = recovery.principalId;
  await recordEvents(trx, [
    { type: 'default.declared', correlationId, payload },
    { type: 'principal.suspended', correlationId, payload: { principal_id: recovery.principalId } },
  ]);
  const detail = { ...payload, cause: recovery.cause };
  await recordAudit(trx, {
    actor: 'aura',
    action: 'default.declared',
    subject: recovery.principalId,
    detail,
  });
}
