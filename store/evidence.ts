/** Reads everything that an evidence bundle holds, in one snapshot of the books. */
import { canonicalHash } from '../domain/canonical';
import { commitmentDocument } from '../domain/clearing/commitment';
import type { ProofCheck } from '../domain/clearing/proof';
import type { BundleContent } from '../domain/evidence';
import { personalData, withoutPersonalData } from '../domain/evidence/withhold';
import { exponentOf } from '../domain/money';
import { sha256Hex, type NoticeStatement, type ProofStatement, type RailName } from '../domain/settlement';
import type { ApiVersion } from '../domain/versions';
import { buyerOf, type Buyer } from './buyers';
import { rows, type Db, type Trx } from './db';
import { bundledDisputes } from './evidence-disputes';
import { fulfilmentsOf } from './fulfilments';
import type { StoredInstruction } from './instructions';
import { refundsOf } from './refunds';
import { findDeal, type Deal } from './transactions';
import { open } from './vault';

/** The content of a deal's bundle. Throws where there is no such deal. */
export async function collectEvidence(db: Db, transactionId: string): Promise<BundleContent> {
  return db.transaction((trx) => collect(trx, transactionId), {
    isolationLevel: 'repeatable read',
    readOnly: true,
  });
}

async function collect(trx: Trx, transactionId: string): Promise<BundleContent> {
  const deal = await findDeal(trx, transactionId);
  if (!deal) throw new Error(`no transaction ${transactionId}`);
  const { intent, offer, commitment } = await agreement(trx, deal);
  const refunds = await refundsOf(trx, deal.id);
  const instructions = await instructionsOf(trx, [deal.id, ...refunds.map(({ id }) => id)]);
  const ids = instructions.map(({ instruction }) => instruction.instruction_id);
  const buyer = await buyerOf(trx, deal.id);
  const personal = await personalDataOf(trx, deal, buyer, instructions);
  const proofs = (await proofsOf(trx, ids)).map((proof) => withoutPersonalData(proof, personal));
  const notices = (await noticesAbout(trx, ids)).map((notice) => withoutPersonalData(notice, personal));
  return {
    transaction_id: deal.id,
    session_id: deal.sessionId,
    status: deal.marketState,
    clearing_status: deal.clearingState,
    profile: commitment.profile,
    tokens: tokensOf(instructions),
    intent,
    offer,
    consent_sha256: canonicalHash(deal.consent),
    payer_sha256: buyer.sha256,
    gate: deal.gate,
    commitment: { document: commitment, sha256: deal.commitmentHash },
    instructions: instructions.map(({ instruction, key_id, signature, status }) => ({
      instruction,
      key_id,
      signature,
      status,
    })),
    proofs,
    notices,
    rail_keys: await railKeysOf(
      trx,
      [...proofs, ...notices].map(({ key_id }) => key_id),
    ),
    ledger: await ledgerOf(trx, deal.id),
    history: await historyOf(trx, deal.sessionId),
    fulfilments: (await fulfilmentsOf(trx, deal.id)).map(({ status, reportedBy, evidence, at }) => ({
      status,
      reported_by: reportedBy,
      evidence,
      at: at.toISOString(),
    })),
    refunds: refunds.map((refund) => ({
      refund_id: refund.id,
      amount_minor: refund.amountMinor.toString(),
      asset: refund.asset,
      cause: refund.cause,
      reason: refund.reason,
      requested_by: refund.requestedBy,
      status: refund.status,
      at: refund.createdAt.toISOString(),
    })),
    disputes: await bundledDisputes(trx, deal),
  };
}

/** By its CAIP-19 id, which a currency's code is not. */
const isToken = (asset: string) => asset.includes('/');

interface OfferRow {
  document: unknown;
  signedBytes: string;
  signedForm: ApiVersion;
  requestSha256: string | null;
  signature: string;
  keyId: string;
  publicKey: string;
  profileVersion: number;
  projection: unknown;
}

async function agreement(trx: Trx, deal: Deal) {
  const [found] = await rows<OfferRow>(
    trx,
    `SELECT o.document, o.signed_bytes AS "signedBytes", o.signed_form AS "signedForm",
       o.request_sha256 AS "requestSha256", o.signature, o.key_id AS "keyId", k.public_key AS "publicKey",
       t.profile_version AS "profileVersion",
       (SELECT r.projection FROM requests r WHERE r.session_id = t.session_id) AS projection
     FROM transactions t JOIN offers o ON o.id = t.offer_id JOIN agent_keys k ON k.id = o.key_id WHERE t.id = ?`,
    [deal.id],
  );
  if (!found) throw new Error(`no offer of ${deal.id}`);
  const { asset, subtotalMinor, shippingMinor, taxMinor, totalMinor, shippingMethod } = deal;
  return {
    intent: found.projection,
    offer: {
      offer_id: deal.offerId,
      beacon_id: deal.beaconId,
      document: found.document,
      signed_bytes: found.signedBytes,
      signed_form: found.signedForm,
      request_sha256: found.requestSha256,
      signature: found.signature,
      key_id: found.keyId,
      public_key: found.publicKey,
    },
    commitment: commitmentDocument({
      transactionId: deal.id,
      sessionId: deal.sessionId,
      offerId: deal.offerId,
      offerHash: sha256Hex(found.signedBytes),
      scoutId: deal.scoutId,
      beaconId: deal.beaconId,
      buyerPrincipalId: deal.buyerPrincipalId,
      sellerPrincipalId: deal.sellerPrincipalId,
      quantity: deal.quantity,
      amounts: { asset, subtotalMinor, shippingMinor, taxMinor, totalMinor, shippingMethod },
      feeMinor: deal.feeMinor,
      rails: deal.railPlan.map(({ rail }) => rail),
      consentHash: canonicalHash(deal.consent),
      profile: { id: deal.profileId, version: found.profileVersion },
    }),
  };
}

/** What moved the deal's own money. Payouts are the seller's affair with AURA. */
function instructionsOf(trx: Trx, subjects: readonly string[]): Promise<StoredInstruction[]> {
  return rows<StoredInstruction>(
    trx,
    `SELECT document AS instruction, key_id, signature, status, transaction_id AS "transactionId" FROM instructions
     WHERE subject_id = ANY(?) ORDER BY id`,
    [[...subjects]],
  );
}

function tokensOf(instructions: readonly StoredInstruction[]): Record<string, number> {
  const assets = instructions.map(({ instruction }) => instruction.asset);
  return Object.fromEntries(assets.filter(isToken).map((asset) => [asset, exponentOf(asset)]));
}

/** What the rails' messages may say of the payer, so that those which do are left out. */
async function personalDataOf(
  trx: Trx,
  deal: Deal,
  buyer: Buyer,
  instructions: readonly StoredInstruction[],
) {
  const accounts = instructions.flatMap(({ instruction: { debtor, creditor } }) => [
    debtor.account_ref,
    creditor.account_ref,
  ]);
  const found = await rows<{
    id: string;
    holderName: string;
    details: Record<string, unknown>;
    form: string;
  }>(
    trx,
    `SELECT id, holder_name AS "holderName", details, form FROM payment_accounts
     WHERE id = ANY(?) AND principal_id = ? ORDER BY id`,
    [accounts, deal.buyerPrincipalId],
  );
  const fields = { holderName: 'holder_name', details: 'details' } as const;
  await open(trx, 'payment_accounts', found, fields, ({ id }) => id);
  // A wallet's address stands on a public chain, where the settlement's own reference leads to it anyway.
  const named = found.flatMap(({ holderName, details, form }) => [
    holderName,
    ...(form === 'wallet' ? [] : [details.accountNumber, details.token]),
  ]);
  return personalData([
    ...named,
    ...Object.values<unknown>({ ...buyer.identity }),
    buyer.shippingAddress?.line1,
  ]);
}

async function proofsOf(trx: Trx, instructionIds: readonly string[]) {
  const found = await rows<{
    id: string;
    statement: ProofStatement;
    key_id: string;
    signature: string;
    evidence: string;
    accepted: boolean;
    checks: ProofCheck[];
  }>(
    trx,
    `SELECT id, statement, key_id, signature, evidence, accepted, checks FROM proofs
     WHERE instruction_id = ANY(?) ORDER BY id`,
    [[...instructionIds]],
  );
  await open(trx, 'proofs', found, { evidence: 'evidence' }, ({ id }) => id);
  return found.map(({ id, ...proof }) => ({ proof_id: id, ...proof }));
}

async function noticesAbout(trx: Trx, instructionIds: readonly string[]) {
  const found = await rows<{
    id: string;
    statement: NoticeStatement;
    key_id: string;
    signature: string;
    evidence: string;
    accepted: boolean | null;
    effect: string | null;
  }>(
    trx,
    `SELECT id, statement, key_id, signature, evidence, accepted, effect FROM rail_notices
     WHERE instruction_id = ANY(?) ORDER BY id`,
    [[...instructionIds]],
  );
  await open(trx, 'rail_notices', found, { evidence: 'evidence' }, ({ id }) => id);
  return found.map(({ id: _id, ...notice }) => notice);
}

async function railKeysOf(trx: Trx, keyIds: readonly string[]) {
  const found = await rows<{
    keyId: string;
    rail: RailName;
    publicKey: string;
    validFrom: Date;
    validTo: Date | null;
  }>(
    trx,
    `SELECT key_id AS "keyId", rail, public_key AS "publicKey", valid_from AS "validFrom", valid_to AS "validTo"
     FROM rail_keys WHERE key_id = ANY(?) ORDER BY key_id`,
    [[...keyIds]],
  );
  return found.map(({ keyId, rail, publicKey, validFrom, validTo }) => ({
    key_id: keyId,
    rail,
    public_key: publicKey,
    valid_from: validFrom.toISOString(),
    valid_to: validTo?.toISOString() ?? null,
  }));
}

async function ledgerOf(trx: Trx, transactionId: string): Promise<BundleContent['ledger']> {
  const found = await rows<{
    id: string;
    event: string;
    key: string;
    at: Date;
    postings: BundleContent['ledger'][number]['postings'];
  }>(
    trx,
    `SELECT e.id, e.event, e.key, e.at, jsonb_agg(jsonb_build_object('owner', a.owner, 'kind', a.kind, 'asset', a.asset,
         'side', p.side, 'amount', p.amount_minor::text) ORDER BY p.seq) AS postings
     FROM entries e JOIN postings p ON p.entry_id = e.id JOIN accounts a ON a.id = p.account_id
     WHERE e.transaction_id = ? GROUP BY e.id ORDER BY min(p.seq)`,
    [transactionId],
  );
  return found.map(({ id, event, key, at, postings }) => ({
    entry_id: id,
    event,
    key,
    at: at.toISOString(),
    postings,
  }));
}

async function historyOf(trx: Trx, sessionId: string): Promise<BundleContent['history']> {
  const found = await rows<Omit<BundleContent['history'][number], 'at'> & { at: Date }>(
    trx,
    `SELECT transition, region, from_state AS "from", to_state AS "to", actor, key, at
     FROM state_history WHERE session_id = ? ORDER BY seq`,
    [sessionId],
  );
  return found.map((step) => ({ ...step, at: step.at.toISOString() }));
}
