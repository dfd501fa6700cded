/** How rails, their keys, and the parties of their payments are shown. */
import { formatMoney } from '../../domain/money';
import { RAIL_TERMS, type RailTerms } from '../../domain/rail-terms';
import { RAILS, type Instruction, type InstructionParty, type RailName } from '../../domain/settlement';
import type { Queryable } from '../../store/db';
import type { Mandate, PaymentAccount } from '../../store/payment-accounts';
import type { RailHealth } from '../../store/rail-health';
import { accountOfRail, mandateOfRail, type RegisteredRailKey } from '../../store/rails';
import { railTaskQueue } from '../../workflows/messages';

export function railsView(keys: readonly RegisteredRailKey[], health: readonly RailHealth[]) {
  return {
    rails: RAILS.map((rail) => ({
      rail,
      ...termsView(RAIL_TERMS[rail]),
      health: healthView(health.find((one) => one.rail === rail)),
      task_queue: railTaskQueue(rail),
      keys: keys.filter((key) => key.rail === rail).map(keyValidity),
    })),
  };
}

function termsView(terms: RailTerms) {
  return {
    finality: terms.finality,
    account_form: terms.accountForm,
    pays_out: terms.paysOut,
    assets: Object.entries(terms.settles).map(([currency, settlesIn]) => ({
      currency,
      settles_in: settlesIn,
      max_amount: formatMoney({ amountMinor: terms.maxAmountMinor[settlesIn] ?? 0n, asset: settlesIn }),
    })),
    reversal_window_days: terms.reversalWindowDays,
    cost: { fixed_minor: terms.cost.fixedMinor.toString(), bps: terms.cost.bps },
    windows: {
      instruction_ttl_ms: terms.instructionTtlMs,
      max_delay_ms: terms.maxDelayMs,
      patience_ms: terms.patienceMs,
      inquiry_first_ms: terms.inquiry.firstMs,
      inquiry_last_ms: terms.inquiry.lastMs,
    },
  };
}

function healthView(health: RailHealth | undefined) {
  return health ? { state: health.state, detail: health.detail, since: health.since.toISOString() } : null;
}

function keyValidity({ keyId, publicKey, validFrom, validTo }: RegisteredRailKey) {
  return {
    key_id: keyId,
    public_key: publicKey,
    valid_from: validFrom.toISOString(),
    valid_to: validTo?.toISOString() ?? null,
  };
}

export function railKeyView(key: RegisteredRailKey) {
  return { rail: key.rail, ...keyValidity(key) };
}

export function accountView({ id, form, holderName, asset, details }: PaymentAccount) {
  const { routingNumber, accountNumber, accountType, business, token, address } = details;
  return {
    account_ref: id,
    form,
    holder_name: holderName,
    asset,
    routing_number: routingNumber,
    account_number: accountNumber,
    account_type: accountType,
    business,
    token,
    address,
  };
}

export function mandateView(mandate: Mandate) {
  return {
    mandate_ref: mandate.id,
    reference: mandate.reference,
    ceiling: formatMoney({ amountMinor: mandate.ceilingMinor, asset: mandate.asset }),
    currency: mandate.asset,
    expires_at: mandate.expiresAt.toISOString(),
    authorization: mandate.payerAuthorization,
  };
}

/** Both sides of an instruction with what its rail needs to reach them. */
export async function partiesView(db: Queryable, rail: RailName, instruction: Instruction) {
  const [debtor, creditor] = await Promise.all([
    partyView(db, rail, instruction.debtor),
    partyView(db, rail, instruction.creditor),
  ]);
  return { instruction_id: instruction.instruction_id, debtor, creditor };
}

async function partyView(db: Queryable, rail: RailName, { account_ref, mandate_ref }: InstructionParty) {
  const [account, given] = await Promise.all([
    accountOfRail(db, rail, account_ref),
    mandate_ref === undefined ? undefined : mandateOfRail(db, rail, mandate_ref),
  ]);
  return {
    account_ref,
    account: account ? accountView(account) : null,
    mandate: given ? mandateView(given.mandate) : null,
  };
}
