/** What the processor says of its own accord: chargebacks, and how contesting them ended. */
import { canonicalJson, sha256Hex } from '../../domain/canonical';
import { isId } from '../../domain/ids';
import { verifySignature, type PublicKey } from '../../domain/keys';
import { signNotice, type NoticeStatement, type RailNotice } from '../../domain/settlement';
import { RailUnreachableError, type Contest } from '../port';
import type { CardDeps } from './deps';
import { wrapEvidence, type SignedText } from './evidence';
import { detailOf, read } from './reading';
import {
  CARD_NETWORK,
  chargebackSchema,
  listOf,
  signedEventSchema,
  type Chargeback,
  type SignedCardEvent,
} from './wire';

/** Events in one question: many of them are no notices, so there are pages enough for a few hundred. */
const PAGE_EVENTS = 200;

export interface NoticeDeps extends CardDeps {
  networkKey: PublicKey;
}

/** Reading moves no money: whatever fails is `RailUnreachableError`, and reading again is safe. */
export async function readNotices(
  deps: NoticeDeps,
  cursor: string | null,
): Promise<{ notices: RailNotice[]; cursor: string | null }> {
  const query = new URLSearchParams({ limit: String(PAGE_EVENTS), ...(cursor ? { after: cursor } : {}) });
  const reading = read(
    await deps.client.ask({ method: 'GET', path: `/events?${query.toString()}` }),
    listOf(signedEventSchema),
  );
  if (reading.kind !== 'read') throw new RailUnreachableError(`no events: ${detailOf(reading)}`);
  const events = reading.value.data;
  return {
    notices: events.flatMap((event) => noticeOf(deps, event)),
    cursor: events.at(-1)?.id ?? cursor,
  };
}

function noticeOf(deps: NoticeDeps, event: SignedCardEvent): RailNotice[] {
  const kind = kindOf(event.type);
  if (!kind) return [];
  const signed = signedText(event);
  if (!verifySignature(deps.networkKey, signed.message, signed.signature))
    throw new RailUnreachableError(`event ${event.id} is not signed by the processor`);
  const record = chargebackSchema.safeParse(event.data);
  if (!record.success) throw new RailUnreachableError(`event ${event.id} is no chargeback`);
  // The processor may have other clients' reasons to charge us back; a notice is about an instruction.
  if (!isId('instruction', record.data.reference)) return [];
  const evidence = wrapEvidence('card:event', signed);
  const statement: NoticeStatement = {
    ...commonOf(event, record.data),
    ...(kind === 'chargeback' ? openedOf(record.data) : wonOf(event, record.data)),
    evidence_sha256: sha256Hex(evidence),
  };
  return [signNotice(statement, evidence, deps.signer)];
}

/** A lost representment changes nothing: the money has been gone since the chargeback. */
function kindOf(type: string): 'chargeback' | 'representment_won' | undefined {
  if (type === 'chargeback.opened') return 'chargeback';
  return type === 'chargeback.won' ? 'representment_won' : undefined;
}

function commonOf(event: SignedCardEvent, record: Chargeback) {
  return {
    type: 'aura.rail-notice.v1',
    rail: 'card',
    network: CARD_NETWORK,
    notice_id: event.id,
    instruction_id: record.reference,
    original_reference: record.capture,
    amount_minor: record.amount_minor,
    asset: record.currency,
    reason_code: record.reason_code,
    reason: record.reason,
    line: '0',
    evidence_format: 'card:event',
  } as const;
}

function openedOf(record: Chargeback) {
  return {
    kind: 'chargeback',
    fee_minor: record.fee_minor,
    reference: record.id,
    business_date: record.business_date,
    occurred_at: new Date(record.opened_at).toISOString(),
    respond_by: new Date(record.respond_by).toISOString(),
  } as const;
}

function wonOf(event: SignedCardEvent, { resolution }: Chargeback) {
  if (!resolution) throw new RailUnreachableError(`event ${event.id} tells of no resolution`);
  return {
    kind: 'representment_won',
    fee_minor: '0',
    reference: resolution.id,
    business_date: resolution.business_date,
    occurred_at: new Date(resolution.at).toISOString(),
  } as const;
}

/** An event's own signature is over the canonical form of the rest of it. */
function signedText({ key_id: keyId, signature, ...event }: SignedCardEvent): SignedText {
  return { message: canonicalJson(event), keyId, signature };
}

/** Submits a representment. The same contest again is the same representment. */
export async function contestChargeback(
  { client }: CardDeps,
  { noticeId, instructionId, statement, evidenceSha256 }: Contest,
): Promise<{ outcome: 'accepted' | 'rejected' | 'unknown'; detail: string }> {
  const path = `/events/${encodeURIComponent(noticeId)}`;
  const about = read(await client.ask({ method: 'GET', path }), signedEventSchema);
  if (about.kind === 'unreached') throw new RailUnreachableError(`nothing was sent: ${about.detail}`);
  if (about.kind === 'refused') return { outcome: 'rejected', detail: detailOf(about) };
  if (about.kind === 'unknown') return { outcome: 'unknown', detail: about.detail };
  const record = chargebackSchema.safeParse(about.value.data);
  if (!record.success || record.data.reference !== instructionId)
    return { outcome: 'rejected', detail: 'the notice is no chargeback of this instruction' };
  const reading = read(
    await client.ask({
      method: 'POST',
      path: `/chargebacks/${encodeURIComponent(record.data.id)}/representments`,
      body: { statement, evidence_sha256: evidenceSha256 },
      idempotencyKey: `representment-${noticeId}`,
    }),
    chargebackSchema,
  );
  if (reading.kind === 'read') return { outcome: 'accepted', detail: reading.value.status };
  if (reading.kind === 'refused') return { outcome: 'rejected', detail: detailOf(reading) };
  return { outcome: 'unknown', detail: reading.detail };
}
