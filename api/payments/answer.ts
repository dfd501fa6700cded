/** Asks the payer's side for a commit's mandate and waits for the answer. */
import { AuraError, type Refusal } from '../../domain/errors';
import { atPar } from '../../domain/par';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { inTransaction } from '../../store/db';
import { lockKeyOf, setOutcome } from '../../store/idempotency';
import { findMandate, type Mandate } from '../../store/payment-accounts';
import type { MandateInput } from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import { startOnce } from '../workflows';

const WAIT_MS = 8_000;
/** A payer who has just confirmed is heard of after this long at the latest. */
const CONFIRM_WAIT_MS = 4_000;
const POLL_MS = 50;
/** A question whose answer was lost is asked again after this long; the rail answers it once. */
const ASK_AGAIN_MS = 60_000;

/** Asks, and throws unless the mandate is accepted. */
export async function requireAccepted(
  { db, temporal }: Pick<ApiDeps, 'db' | 'temporal'>,
  { mandate, fresh }: { mandate: Mandate; fresh: boolean },
  commit: { transactionId: string; signal: AbortSignal },
): Promise<void> {
  if (mandate.status === 'requested') {
    await startOnce<MandateInput>(temporal, {
      type: 'mandate',
      id: fresh ? mandate.id : `${mandate.id}-${Math.floor(Date.now() / ASK_AGAIN_MS)}`,
      input: inputOf(mandate),
    });
  }
  const answered = await answerOf(db, mandate, commit.signal);
  switch (answered.status) {
    case 'accepted':
      return;
    case 'action_required':
      throw new AuraError('PAYMENT_ACTION_REQUIRED', undefined, {
        field: 'payment_method',
        reason: '3d_secure',
        action_url: answered.action?.url ?? null,
        mandate_id: answered.id,
      });
    case 'rejected':
      return decline(db, commit.transactionId, answered);
    case 'requested':
      throw new AuraError(
        'SERVICE_UNAVAILABLE',
        "The payer's bank or card has not answered yet; try again with the same key.",
      );
  }
}

function inputOf({ id, rail, accountId, asset, ceilingMinor, expiresAt }: Mandate): MandateInput {
  const settled = RAIL_TERMS[rail].settles[asset];
  if (settled === undefined) throw new Error(`${rail} does not carry ${asset}`);
  return {
    rail,
    mandateId: id,
    accountRef: accountId,
    ceilingMinor: atPar(ceilingMinor, asset, settled).toString(),
    asset: settled,
    expiresAt: expiresAt.toISOString(),
  };
}

async function answerOf(db: ApiDeps['db'], asked: Mandate, signal: AbortSignal): Promise<Mandate> {
  const waitMs = asked.status === 'action_required' ? CONFIRM_WAIT_MS : WAIT_MS;
  const deadline = Date.now() + waitMs;
  for (let mandate = asked; ;) {
    if (mandate.status !== asked.status || isFinal(mandate) || Date.now() > deadline || signal.aborted)
      return mandate;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const found = await findMandate(db, asked.id);
    if (!found) throw new Error('the mandate was not stored');
    mandate = found;
  }
}

const isFinal = ({ status }: Mandate) => status === 'accepted' || status === 'rejected';

/** The commit is refused for good: a retry under its key gets the same answer, and nothing is asked again. */
async function decline(db: ApiDeps['db'], transactionId: string, mandate: Mandate): Promise<never> {
  const [reason = '', ...detail] = (mandate.refusal ?? '').split(': ');
  const refusal: Refusal = {
    code: 'PAYMENT_DECLINED',
    message: `The payment was declined: ${detail.join(': ') || reason}.`,
    details: { field: 'payment_method', reason, mandate_id: mandate.id },
  };
  await inTransaction(db, async (trx) => {
    const record = await lockKeyOf(trx, transactionId);
    if (record && !record.outcome) await setOutcome(trx, transactionId, { refusal });
  });
  throw new AuraError(refusal.code, refusal.message, refusal.details);
}
