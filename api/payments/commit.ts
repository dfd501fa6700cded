/**
 * How a commit brings its means of payment. A mandate that the principal has is used; a card that comes along, and in the
 * sandbox an account that AURA opened there, is asked for one on the way. x402 is paid in its own manner (`api/x402`).
 */
import type { z } from 'zod';
import { chooseRails, type RailOption } from '../../domain/clearing/rail-choice';
import type { quote } from '../../domain/market/offer';
import type { PaymentSides } from '../../domain/payments';
import { RAIL_TERMS } from '../../domain/rail-terms';
import type { RailName } from '../../domain/settlement';
import { railOptions } from '../../store/commit-facts';
import { lockAccount, mandateOfCommit, sandboxAccounts } from '../../store/commit-mandates';
import { databaseNow } from '../../store/clock';
import { inTransaction } from '../../store/db';
import type { PaymentAccount } from '../../store/payment-accounts';
import { declaredBy } from '../../store/payment-capabilities';
import { railsOutOfUse } from '../../store/rail-health';
import { findAgentWithKey } from '../../store/agents';
import { findSession } from '../../store/sessions';
import type { Call } from '../route';
import type { commitRequest } from '../schemas/clearing';
import { isPaidWithCommit } from '../x402';
import { mandateIdOf } from '../x402/books';
import { requireAccepted } from './answer';
import { cardOf, refuseCardNumber } from './card';
import { authorizeFromWallet, fundWallet, VALID_SECONDS } from './wallets';

type Body = z.infer<typeof commitRequest>;
type CommitCall = Call<{ session_id: string }, unknown, Body>;

export interface Means {
  /** The mandate to use; without one the gate picks among the principal's. */
  mandateId?: string;
  /** The rail, where it is known before the gate. */
  rail?: RailName;
}

const MANDATE_MS = 86_400_000;

/** What has to be refused before anything of the request is kept. */
export function admitPayment({ body, deps }: Pick<CommitCall, 'body' | 'deps'>): void {
  refuseCardNumber(body.payment_method, deps.config.sandbox, new Date());
}

/** The commit's own wishes of payment, as the gate takes them. */
export function paymentWishes({ payment_method: asked }: Body): Pick<PaymentSides, 'named' | 'facilitator'> {
  const isCard = asked.card !== undefined || asked.token !== undefined;
  const facilitator = asked.x402_payment?.facilitator ?? asked.facilitator;
  return {
    named: asked.type ?? (isCard ? 'card' : undefined),
    ...(facilitator !== undefined && { facilitator }),
  };
}

/**
 * The mandate that the commit is paid under. Throws 402 where the payer's side declines or wants the payer to confirm
 * first; the same commit again goes on from there. Nothing is charged here.
 */
export async function meansOfPayment(
  call: CommitCall,
  deal: { quoted: ReturnType<typeof quote>; beaconId: string },
): Promise<Means> {
  const { payment_method: asked } = call.body;
  if (isPaidWithCommit(call.body)) return { rail: 'x402' };
  if (asked.mandate_id !== undefined) return { mandateId: asked.mandate_id };
  // What cannot be priced is refused by the gate.
  if ('problem' in deal.quoted || deal.quoted.amounts.totalMinor <= 0n) return {};
  const { asset, totalMinor } = deal.quoted.amounts;
  const card = cardAccount(call, asset);
  // Nobody would answer for a card that does not run here; the gate refuses it and names what does.
  if (card && (await railsOutOfUse(call.deps.db)).get(card.rail) === 'not_run') return {};
  const account = card ?? (await sandboxAccount(call, { asset, totalMinor, beaconId: deal.beaconId }));
  if (!account || totalMinor > (RAIL_TERMS[account.rail].maxAmountMinor[asset] ?? totalMinor)) return {};
  return { mandateId: await mandateOn(call, account, totalMinor), rail: account.rail };
}

type AccountToUse = Omit<PaymentAccount, 'id'>;

function cardAccount({ body, agent }: CommitCall, asset: string): AccountToUse | undefined {
  const card = cardOf(body.payment_method, agent.principalId);
  if (!card || RAIL_TERMS.card.settles[asset] === undefined) return undefined;
  return {
    principalId: agent.principalId,
    rail: 'card',
    asset,
    form: 'card',
    identifier: card.token,
    details: { ...card },
    holderName: body.buyer_identity.name,
  };
}

/** The sandbox account that the deal would go over; none where a mandate that is there suits as well. */
async function sandboxAccount(
  { deps, body, agent, params }: CommitCall,
  { asset, totalMinor, beaconId }: { asset: string; totalMinor: bigint; beaconId: string },
): Promise<AccountToUse | undefined> {
  if (!deps.config.sandbox) return undefined;
  const accounts = await sandboxAccounts(deps.db, agent.principalId, asset);
  if (accounts.length === 0) return undefined;
  const [beacon, session, declared] = await Promise.all([
    findAgentWithKey(deps.db, beaconId),
    findSession(deps.db, params.session_id),
    declaredBy(deps.db, { scoutId: agent.id, beaconId }),
  ]);
  if (!beacon || !session) return undefined;
  const options = await railOptions(deps.db, RAIL_TERMS, {
    buyerPrincipalId: agent.principalId,
    sellerPrincipalId: beacon.principalId,
    asset,
    fallback: true,
  });
  const canSign = (rail: RailName) =>
    RAIL_TERMS[rail].accountForm !== 'wallet' || deps.sandboxWallets?.payTo[rail] !== undefined;
  const onDemand = (option: RailOption): RailOption =>
    accounts.some(({ rail }) => rail === option.rail && canSign(rail)) && option.mandateLeftMinor === null
      ? { ...option, mandateLeftMinor: totalMinor }
      : option;
  const { rails } = chooseRails(options.map(onDemand), {
    asset,
    totalMinor,
    finality: deps.profiles[session.profileId].finality,
    sides: { ...declared, ...paymentWishes(body) },
  });
  const [first] = rails;
  return first?.mandateRef === null ? accounts.find(({ rail }) => rail === first.rail) : undefined;
}

async function mandateOn(
  { deps, agent, body, params, subjectId, signal }: CommitCall,
  wanted: AccountToUse,
  totalMinor: bigint,
): Promise<string> {
  const now = await databaseNow(deps.db);
  const isWallet = wanted.form === 'wallet';
  const expiresAt = new Date(now.getTime() + (isWallet ? VALID_SECONDS * 1_000 : MANDATE_MS));
  const made = await inTransaction(deps.db, async (trx) => {
    const account = await lockAccount(trx, wanted);
    return mandateOfCommit(trx, {
      spareId: mandateIdOf(subjectId),
      agentId: agent.id,
      account,
      sessionId: params.session_id,
      offerId: body.offer_id,
      totalMinor,
      expiresAt,
      ...(isWallet && { authorize: (mandateId: string) => signed(account, mandateId) }),
    });
  });
  if (isWallet && deps.sandboxWallets && made.mandate.status === 'requested') {
    await fundWallet(deps.sandboxWallets, wanted, totalMinor);
  }
  await requireAccepted(deps, made, { transactionId: subjectId, signal });
  return made.mandate.id;

  async function signed(account: PaymentAccount, mandateId: string) {
    const wallets = deps.sandboxWallets;
    const given =
      wallets && (await authorizeFromWallet(wallets, account, { totalMinor, mandateId, expiresAt }));
    if (!given) throw new Error(`no sandbox wallet pays over ${account.rail}`);
    return { ...given };
  }
}
