/** What is told and kept: webhooks that reached whoever listens, and the chain of audit records. */
import { createHash } from 'node:crypto';
import type { Check, Finding } from './sources';

/** Moves of a deal that its parties hear of by webhook, in the protocol's own names. */
const TOLD: readonly { transition: string; side: 'beacon' | 'scout'; name: string }[] = [
  { transition: 'T19', side: 'beacon', name: 'offer_accepted' },
  { transition: 'T21', side: 'beacon', name: 'transaction_confirmed' },
  { transition: 'T8', side: 'beacon', name: 'transaction_completed' },
  { transition: 'T5', side: 'beacon', name: 'transaction_cancelled' },
  { transition: 'T2', side: 'scout', name: 'offers_ready' },
  { transition: 'T19', side: 'scout', name: 'transaction_payment_authorized' },
  { transition: 'T21', side: 'scout', name: 'transaction_confirmed' },
  { transition: 'T6', side: 'scout', name: 'transaction_fulfilled' },
  { transition: 'T8', side: 'scout', name: 'transaction_completed' },
  { transition: 'T5', side: 'scout', name: 'transaction_cancelled' },
];

interface Expected {
  transition: string;
  deal: string | null;
  session: string;
  scout: string;
  beacon: string | null;
  times: number;
}

export const noWebhookIsLost: Check = {
  name: 'no-webhook-is-lost',
  says: 'whoever listens has taken a message of each move that it is to hear of',
  async run({ sql, log }) {
    const listeners = new Set(log.filter(({ what }) => what === 'listens').map(({ agentId }) => agentId));
    const taken = new Map<string, Set<string>>();
    for (const { what, taken: ok, agentId, name, transactionId, sessionId, eventId = '' } of log) {
      if (what !== 'webhook' || !ok) continue;
      const key = `${agentId} ${name} ${(name === 'offers_ready' ? sessionId : transactionId) ?? ''}`;
      taken.set(key, (taken.get(key) ?? new Set()).add(eventId));
    }
    const moves = await sql.query<Expected>(
      `SELECT h.transition, t.id AS deal, h.session_id AS session, s.scout_id AS scout, t.beacon_id AS beacon,
         count(*)::int AS times
       FROM state_history h JOIN sessions s ON s.id = h.session_id LEFT JOIN transactions t ON t.session_id = s.id
       GROUP BY 1, 2, 3, 4, 5`,
    );
    return moves.flatMap(({ transition, deal, session, scout, beacon, times }) =>
      TOLD.filter((one) => one.transition === transition).flatMap(({ side, name }): Finding[] => {
        const agentId = side === 'scout' ? scout : beacon;
        if (agentId === null || !listeners.has(agentId)) return [];
        const about = name === 'offers_ready' ? session : deal;
        const heard = taken.get(`${agentId} ${name} ${about ?? ''}`)?.size ?? 0;
        if (heard >= times) return [];
        const detail = `${name} about ${about ?? ''} was taken ${heard} of ${times} times`;
        return [{ check: 'no-webhook-is-lost', harm: 'lost', subject: agentId, detail }];
      }),
    );
  },
};

interface AuditRow {
  id: string;
  subject: string;
  position: string;
  hash: string;
  at: string;
  actor: string;
  action: string;
  detail: string;
}

/** As the database chains them: the hash before, and the record's own members, each with its length. */
const RECORDS = `
  SELECT id, subject, position::text, hash,
    (extract(epoch FROM at) * 1000000)::bigint::text AS at, actor, action, detail::text AS detail
  FROM audit ORDER BY audit.subject, audit.position`;

export const auditChainIsWhole: Check = {
  name: 'audit-chain-is-whole',
  says: 'the audit records of each subject follow one another without a gap, each sealed with the one before',
  async run({ sql }) {
    const records = await sql.query<AuditRow>(RECORDS);
    const heads = await sql.query<{ subject: string; position: string; hash: string }>(
      'SELECT subject, position::text, hash FROM audit_heads',
    );
    const findings: Finding[] = [];
    const add = (subject: string, detail: string) =>
      findings.push({ check: 'audit-chain-is-whole', harm: 'audit', subject, detail });
    const last = new Map<string, { position: number; hash: string }>();
    for (const { id, subject, position, hash, at, actor, action, detail } of records) {
      const before = last.get(subject) ?? { position: 0, hash: '' };
      const sealed = sealOf([before.hash, id, at, actor, action, subject, detail]);
      if (Number(position) !== before.position + 1)
        add(id, `is number ${position} of ${subject} after ${before.position}`);
      else if (hash !== sealed) add(id, 'was changed after it was sealed');
      last.set(subject, { position: Number(position), hash });
    }
    for (const { subject, position, hash } of heads) {
      const end = last.get(subject);
      if (!end || end.position !== Number(position) || end.hash !== hash)
        add(subject, `its chain ends at ${end?.position ?? 0}, and it had come to ${position}`);
      last.delete(subject);
    }
    for (const subject of last.keys()) add(subject, 'has records and no end of its chain');
    return findings;
  },
};

function sealOf(members: readonly string[]): string {
  const bytes = members.map((member) => `${Buffer.byteLength(member)}:${member}`).join('');
  return createHash('sha256').update(bytes, 'utf8').digest('hex');
}

/** A deal's step and its audit record are written together: where one is without the other, something was taken out. */
export const movesAreAudited: Check = {
  name: 'moves-are-audited',
  says: 'whatever moved a deal left an audit record in the same transaction',
  async run({ sql }) {
    const found = await sql.query<{ subject: string; detail: string }>(
      `SELECT h.session_id AS subject, 'came to ' || h.to_state || ' and has fewer audit records than that took' AS detail
       FROM state_history h WHERE h.seq IN (
         SELECT max(seq) FROM state_history GROUP BY session_id, xmin::text
       ) AND NOT EXISTS (
         SELECT 1 FROM audit a WHERE a.subject IN (h.session_id, h.transaction_id) AND a.xmin = h.xmin
       )`,
    );
    return found.map((row) => ({ check: 'moves-are-audited', harm: 'audit' as const, ...row }));
  },
};
