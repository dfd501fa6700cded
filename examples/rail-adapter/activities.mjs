/** The five activities of the rail port, over the bank's HTTP interface. See docs/rail-port.md for what each promises. */
import { setTimeout } from 'node:timers/promises';
import { call } from './http.mjs';
import { canonicalJson, isSignedBy, sha256Hex } from './signing.mjs';

const SEND_TRIES = 8;
const SEND_PAUSE_MS = 250;
const NOTICES_AT_ONCE = 100;
const BANK_FORMAT = 'json:bank.transfer.v1';

/**
 * `bank` is `{url, routingNumber, auraAccount, network, finality}`; `network` names the bank in proofs and statement
 * lines, and never changes.
 */
export function createActivities({ rail, aura, auraPublicKey, signer, bank }) {
  return { submit, inquire, requestMandate, fetchStatement, fetchNotices };

  async function submit({ instruction: signed }) {
    const { instruction } = signed;
    const refusal = refusalOf(signed);
    if (refusal) return refusal;
    const mine = await aura.claim(instruction.instruction_id);
    return mine ? send(instruction) : lookUp(instruction);
  }

  async function inquire({ instruction: signed }) {
    return refusalOf(signed) ?? lookUp(signed.instruction);
  }

  /** What is refused here never left this process and never will. */
  function refusalOf({ instruction, signature }) {
    const reject = (reason, detail) => ({ outcome: 'rejected', reason, detail, evidence: '' });
    if (!isSignedBy(auraPublicKey, canonicalJson(instruction), signature))
      return reject('FORGED', 'not signed by AURA');
    if (instruction.type !== 'aura.settlement-instruction.v1')
      return reject('WRONG_TYPE', 'not an instruction');
    if (instruction.rail !== rail) return reject('WRONG_RAIL', `this is ${rail}`);
    if (instruction.asset !== 'USD') return reject('AM03', 'this bank keeps accounts in USD');
    return undefined;
  }

  /** The claim is held here: nobody else sends, and giving up is a proof that nothing was sent. */
  async function send(instruction) {
    let order;
    try {
      order = await orderOf(instruction);
    } catch (error) {
      return { outcome: 'not_sent', detail: `nothing was sent: ${error.message}` };
    }
    for (let attempt = 1; ; attempt++) {
      try {
        return outcomeOf(instruction, await atBank('PUT', `/transfers/${instruction.instruction_id}`, order));
      } catch (error) {
        if (!error.notSent) return { outcome: 'unknown', detail: error.message };
        if (attempt === SEND_TRIES) return { outcome: 'not_sent', detail: error.message };
        await setTimeout(SEND_PAUSE_MS * attempt);
      }
    }
  }

  /** The bank's order: who pays whom, by account numbers, and until when it may be booked. */
  async function orderOf(instruction) {
    const { debtor, creditor } = await aura.parties(instruction.instruction_id);
    return {
      from: numberOf(debtor),
      to: numberOf(creditor),
      amount: instruction.amount_minor,
      mandate: debtor.mandate?.reference ?? undefined,
      before: instruction.expires_at,
    };
  }

  /** An account of another bank has no number here, and the book refuses what it does not know. */
  function numberOf({ account_ref, account }) {
    if (account_ref === 'aura') return bank.auraAccount;
    return account?.routing_number === bank.routingNumber ? account.account_number : '';
  }

  async function lookUp(instruction) {
    try {
      return outcomeOf(instruction, await atBank('GET', `/transfers/${instruction.instruction_id}`));
    } catch (error) {
      return { outcome: 'unknown', detail: error.message };
    }
  }

  /** From the bank's words to AURA's. Amount, reference and time are the bank's. */
  function outcomeOf(instruction, { text, json: { asOf, transfer } }) {
    if (transfer === null) return { outcome: 'not_found', detail: 'the bank does not know it', as_of: asOf };
    if (transfer.refused) {
      return { outcome: 'rejected', reason: transfer.refused, detail: 'refused by the bank', evidence: text };
    }
    const statement = {
      type: 'aura.settlement-proof.v1',
      rail,
      network: bank.network,
      instruction_id: instruction.instruction_id,
      commitment_hash: instruction.commitment_hash,
      amount_minor: transfer.amount,
      asset: 'USD',
      reference: transfer.reference,
      line: '0',
      business_date: transfer.at.slice(0, 10),
      finality: bank.finality,
      executed_at: transfer.at,
      evidence_format: BANK_FORMAT,
      evidence_sha256: sha256Hex(text),
    };
    return { outcome: 'executed', proof: signed(statement, text), lines: [lineOf(transfer)] };
  }

  function signed(statement, evidence) {
    return { statement, key_id: signer.keyId, signature: signer.sign(canonicalJson(statement)), evidence };
  }

  /** An entry of the bank's book as a line of AURA's account. */
  function lineOf(entry) {
    return {
      rail,
      network: bank.network,
      business_date: entry.at.slice(0, 10),
      reference: entry.reference,
      line: '0',
      direction: entry.to === bank.auraAccount ? 'credit' : 'debit',
      amount_minor: entry.amount,
      fee_minor: '0',
      asset: 'USD',
      // A return is another movement than the one it gives back, and is told by a notice.
      instruction_id: entry.what === 'transfer' ? entry.id : null,
      booked_at: entry.at,
      source_format: BANK_FORMAT,
    };
  }

  /** The bank takes the mandate's id as its own, so asking again finds the same mandate. */
  async function requestMandate({ mandateId, ceilingMinor, expiresAt }) {
    const { account } = await aura.mandate(mandateId);
    if (account.routing_number !== bank.routingNumber) {
      return { outcome: 'rejected', reason: 'RC04', detail: 'an account of another bank' };
    }
    const asked = { number: account.account_number, ceiling: ceilingMinor, expiresAt };
    try {
      const { text, json } = await atBank('PUT', `/mandates/${mandateId}`, asked);
      if (json.refusal) return { outcome: 'rejected', reason: json.refusal, detail: 'refused by the bank' };
      return { outcome: 'accepted', reference: json.id, evidence: text };
    } catch (error) {
      // Asking again does no harm, so Temporal may try again where the bank was not reached.
      if (error.notSent) throw error;
      return { outcome: 'unknown', detail: error.message };
    }
  }

  /** Reading may fail and be tried again from the start: AURA counts a line once. */
  async function fetchStatement({ run }) {
    const period = `from=${encodeURIComponent(run.from)}&to=${encodeURIComponent(run.to)}`;
    const altered = [];
    let count = 0;
    let after = 0;
    do {
      const path = `/accounts/${bank.auraAccount}/statement?${period}&after=${after}`;
      const { entries, opening, closing, next } = (await atBank('GET', path)).json;
      count += entries.length;
      const last = next === null && {
        statement: { opening_minor: opening, closing_minor: closing, lines: count },
      };
      const stored = await aura.postLines({ run, lines: entries.map(lineOf), ...last });
      altered.push(...stored.altered);
      after = next;
    } while (after !== null);
    return { lines: count, altered };
  }

  /** Transfers that the bank took back of its own accord. */
  async function fetchNotices() {
    const after = Number((await aura.noticeCursor()) ?? 0);
    const { returns } = (await atBank('GET', `/accounts/${bank.auraAccount}/returns?after=${after}`)).json;
    const told = returns.slice(0, NOTICES_AT_ONCE);
    if (told.length > 0) {
      await aura.postNotices({ notices: told.map(noticeOf), cursor: String(told.at(-1).notice) });
    }
    return { more: returns.length > told.length };
  }

  function noticeOf(entry) {
    const evidence = canonicalJson(entry);
    const statement = {
      type: 'aura.rail-notice.v1',
      rail,
      network: bank.network,
      notice_id: `return-${entry.notice}`,
      kind: 'return',
      instruction_id: entry.id,
      original_reference: entry.original,
      amount_minor: entry.amount,
      asset: 'USD',
      fee_minor: '0',
      reason_code: entry.reason,
      reason: 'taken back by the bank',
      reference: entry.reference,
      line: '0',
      business_date: entry.at.slice(0, 10),
      occurred_at: entry.at,
      evidence_format: 'json:bank.return.v1',
      evidence_sha256: sha256Hex(evidence),
    };
    return signed(statement, evidence);
  }

  function atBank(method, path, body) {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    return call(bank.url + path, { method, headers, body: body && JSON.stringify(body) });
  }
}
