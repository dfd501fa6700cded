/** A whole deal whose every personal field holds a planted word: the words are in no table and in no workflow's history. */
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { Worker } from '@temporalio/worker';
import { dataConverter } from '../../bin/data-converter';
import { workflowBundle } from '../../bin/workflow-bundle';
import {
  AUDIENCE_FIELD,
  createPayloadSealer,
  fromJson,
  railKeyLines,
  SEALED_ENCODING,
  type PayloadJson,
  type TemporalPayload,
} from '../../domain/payload-sealing';
import { ERASED, PERSONAL_DATA } from '../../domain/personal-data';
import { parseKeyRing } from '../../domain/sealing';
import { audit } from '../../store/audit';
import { buyerOf } from '../../store/buyers';
import { createDb } from '../../store/db';
import { collectEvidence } from '../../store/evidence';
import { findSession } from '../../store/sessions';
import { applyRetention, eraseDeal } from '../../store/vault/erasure';
import { startApiServer } from '../support/api-server';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { describeOnServer } from '../support/on-server';
import { send, signerOf } from '../support/raw-request';
import {
  dump,
  planted,
  PLANTED,
  PLANTED_ACCOUNT,
  plantedDeal,
  plantedParties,
  sayMore,
  sealedColumns,
  type PlantedDeal,
} from '../support/planted';

jest.setTimeout(180_000);

/** What a deal over an instant rail does not come to: files, notices, chains' authorizations, declined orders. */
const ELSEWHERE = new Set([
  'mandates.payer_authorization',
  'rail_notices.evidence',
  'order_confirmations.refusal',
  'statement_files.content',
  'dispute_panel.reason',
  'disputes.decision_reason',
  'cancellations.comments',
  'idempotency_keys.request',
]);

describeOnServer('personal data of a deal', () => {
  let env: TestEnvironment;
  let deal: PlantedDeal;
  let cancelled: PlantedDeal;

  beforeAll(async () => {
    env = await testEnvironment({ AURA_DAY_MS: '4000' });
    deal = await plantedDeal(env, await plantedParties(env));
    await sayMore(deal);
    cancelled = await plantedDeal(env, await plantedParties(env));
    await cancelled.buyer.scout.cancelTransaction(
      cancelled.transactionId,
      `no more, says ${planted('cancel')}`,
    );
    await cancelled.buyer.scout.waitFor(cancelled.transactionId, ({ status }) => status === 'cancelled');
  });
  afterAll(() => env?.stop());

  it('is in no table in plain text', async () => {
    const lines = await dump(env.db);
    const found = lines.filter(({ line }) => {
      const text = line.toLowerCase();
      return [PLANTED, PLANTED_ACCOUNT, '770-0771'].some((word) => text.includes(word));
    });
    expect(found.map(({ table, line }) => `${table}: ${line.slice(0, 300)}`)).toEqual([]);
    // The search would find what is there.
    expect(lines.some(({ line }) => line.includes(deal.transactionId))).toBe(true);
  });

  it('is in every column where it belongs, sealed', async () => {
    const all = Object.entries(PERSONAL_DATA).flatMap(([table, { columns }]) =>
      Object.keys(columns).map((column) => `${table}.${column}`),
    );
    const sealed = await sealedColumns(env.db);
    expect(all.filter((column) => !sealed.includes(column) && !ELSEWHERE.has(column))).toEqual([]);
  });

  it('is shown to whom it belongs', async () => {
    const session = await deal.buyer.scout.session(deal.sessionId);
    expect(JSON.stringify(session)).toContain(deal.sessionId);
    const seen = JSON.stringify(await deal.seller.beacon.transaction(deal.transactionId));
    expect(seen).toContain(`${PLANTED}buyer`);
    expect(seen).toContain(`${PLANTED}street`);
  });

  describe('in Temporal', () => {
    interface Seen {
      payload: TemporalPayload;
      encoding: string;
    }
    const kept = new Map<string, string>();

    beforeAll(async () => {
      const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS });
      const client = new Client({ connection, namespace: env.namespace });
      for await (const { workflowId, runId } of client.workflow.list()) {
        const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
        kept.set(workflowId, historyToJSON(history));
      }
      await connection.close();
    }, 60_000);

    /** Payloads of a history, but for search attributes, which Temporal has to be able to read. */
    function payloadsIn(value: unknown, found: Seen[] = []): Seen[] {
      if (typeof value !== 'object' || value === null) return found;
      const { metadata, data } = value as PayloadJson;
      if (typeof metadata?.encoding === 'string') {
        const encoding = Buffer.from(metadata.encoding, 'base64').toString();
        found.push({ payload: fromJson({ metadata, data }), encoding });
        return found;
      }
      for (const [key, item] of Object.entries(value))
        if (key !== 'searchAttributes') payloadsIn(item, found);
      return found;
    }
    /** Temporal's own note of a local activity has its name, number and times, and is not passed through codecs. */
    const isOurs = ({ payload }: Seen) =>
      !/^\{"seq":\d+,"attempt":\d+,/.test(Buffer.from(payload.data ?? []).toString());
    const historyOf = (id: string) => JSON.parse(kept.get(id) ?? '{}') as unknown;

    it('no payload is readable, and none holds personal data when it is opened', () => {
      const sealer = createPayloadSealer(env.platform.payloadKeys);
      const all = [...kept.keys()].flatMap((id) => payloadsIn(historyOf(id)).filter(isOurs));
      expect(kept.size).toBeGreaterThan(4);
      expect(all.length).toBeGreaterThan(40);
      expect(new Set(all.map(({ encoding }) => encoding))).toEqual(new Set([SEALED_ENCODING]));
      const opened = all.map(({ payload }) => Buffer.from(sealer.open(payload).data ?? []).toString());
      expect(opened.join()).toContain(deal.transactionId);
      for (const text of kept.values()) expect(text).not.toContain(PLANTED);
    });

    it('a rail opens what is its own, and nothing else', () => {
      const lines = (rail: string) => railKeyLines(env.platform.payloadKeys.read(), rail);
      const sealerOf = (rail: string) => createPayloadSealer({ read: () => parseKeyRing(lines(rail)) }, rail);
      const isOpen = (rail: string) => (seen: Seen) => {
        try {
          return sealerOf(rail).open(seen.payload).data !== undefined;
        } catch {
          return false;
        }
      };
      const all = payloadsIn(historyOf(deal.transactionId)).filter(isOurs);
      const toRail = all.filter(({ payload }) => payload.metadata?.[AUDIENCE_FIELD] !== undefined);
      // What it is asked, and what it answers.
      expect(toRail.length).toBeGreaterThanOrEqual(2);
      expect(toRail.every(isOpen('rtp'))).toBe(true);
      expect(all.filter(isOpen('rtp'))).toHaveLength(toRail.length);
      expect(all.filter(isOpen('fednow'))).toEqual([]);
    });

    it('a sealed history replays', async () => {
      await Worker.runReplayHistory(
        {
          workflowBundle: await workflowBundle(process.env.AURA_WORKFLOW_BUNDLE),
          replayName: 'sealed',
          dataConverter: dataConverter(env.platform.payloadKeys),
        },
        historyOf(deal.transactionId),
      );
    });

    it('search attributes are ids, names of rails, states and profiles, and amounts', () => {
      const [started] = (historyOf(deal.transactionId) as { events: Record<string, unknown>[] }).events;
      expect(JSON.stringify(started)).toMatch(/AgentId|searchAttributes/);
      for (const text of kept.values())
        for (const [, data = ''] of text.matchAll(/"indexedFields".*?\}\s*\}\s*\}/gs))
          expect(data).not.toContain('@');
    });
  });

  it('leaves the books as they are', async () => {
    expect((await audit(env.db)).laws.filter(({ violations }) => violations > 0)).toEqual([]);
  });

  describe('that was erased', () => {
    const day = async () => {
      await env.db.raw(`UPDATE sessions SET updated_at = now() - interval '200 days'`);
      await env.db.raw(`UPDATE transactions SET updated_at = now() - interval '200 days'`);
    };

    it('is not before the deal is over', async () => {
      expect(await eraseDeal(env.db, deal.transactionId, { actor: 'test' })).toEqual({ outcome: 'not_over' });
    });

    it('can be read by nobody, and books, audit and evidence hold', async () => {
      const { transactionId: id } = cancelled;
      const before = await collectEvidence(env.db, id);
      await day();
      expect(await eraseDeal(env.db, id, { actor: 'test' })).toMatchObject({ outcome: 'erased' });
      const fresh = createDb({
        url: env.databaseUrl,
        applicationName: 'aura-test',
        poolMax: 2,
        keys: env.platform.dataKeys,
      });
      try {
        expect((await buyerOf(fresh, id)).identity).toEqual({ name: ERASED });
        expect((await findSession(fresh, cancelled.sessionId))?.rawIntent).toBe(ERASED);
        const after = await collectEvidence(fresh, id);
        expect(JSON.stringify(after)).not.toContain(PLANTED);
        expect(after.payer_sha256).toBe(before.payer_sha256);
        expect(after.ledger).toEqual(before.ledger);
        expect((await audit(fresh)).laws.filter(({ violations }) => violations > 0)).toEqual([]);
      } finally {
        await fresh.destroy();
      }
    });

    it('by time: nothing of what is not over', async () => {
      const due = await applyRetention(env.db);
      expect(due.party).toBeUndefined();
      expect((await buyerOf(env.db, deal.transactionId)).identity.name).toContain(PLANTED);
    });

    it('leaves every answer about it an answer', async () => {
      await env.db.raw(
        'UPDATE data_keys SET wrapped = NULL, destroyed_at = now() WHERE destroyed_at IS NULL',
      );
      const fresh = createDb({
        url: env.databaseUrl,
        applicationName: 'aura-test',
        poolMax: 4,
        keys: env.platform.dataKeys,
      });
      const api = await startApiServer({ db: fresh, deployment: 'sandbox' });
      try {
        const { buyer, seller, sessionId, transactionId } = deal;
        const [scout, beacon] = [signerOf(buyer.scout), signerOf(seller.beacon)];
        const asked = [
          [scout, `/v1/sessions/${sessionId}`],
          [scout, `/v1/sessions/${sessionId}/offers`],
          [scout, '/v1/disputes'],
          [scout, `/v1/principals/${buyer.principalId}`],
          [scout, `/v1/mandates/${buyer.mandateId}`],
          [beacon, `/v1/beacons/${beacon.agentId}/transactions`],
          ...[scout, beacon].flatMap((signer) => [
            [signer, `/v1/transactions/${transactionId}`] as const,
            [signer, `/v1/agents/${signer.agentId}`] as const,
          ]),
        ] as const;
        for (const [signer, path] of asked) {
          const { status, text } = await send(api.url, { method: 'GET', path, signer });
          expect(`${path}: ${status} ${status === 200 ? '' : text}`).toBe(`${path}: 200 `);
          expect(text).not.toContain(PLANTED);
        }
      } finally {
        await api.stop();
        await fresh.destroy();
      }
    });
  });
});
