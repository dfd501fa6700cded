/** Hostile words in every field of text: they stay words, for whoever reads them, for the books, for pages and for logs. */
import { Writable } from 'node:stream';
import pino from 'pino';
import { createRuleInterpreter } from '../../domain/interpretation';
import { allRoutes } from '../../api/routes';
import { startApiServer, type ApiServer } from '../support/api-server';
import { describeWithDatabase } from '../support/database';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { ALL_HOSTILE, HOSTILE } from '../support/hostile-texts';
import {
  anOffer,
  createMarket,
  INTENT,
  type Market,
  type TestBuyer,
  type TestSeller,
} from '../support/market';
import { aScout } from '../support/members';
import { describeOnServer } from '../support/on-server';
import { exchange, requestBytes } from '../support/raw-socket';
import { send, signerOf, type RawRequest } from '../support/raw-request';
import { createStorms, type Deal, type Storms } from '../support/storm';

jest.setTimeout(120_000);

const hostile = Object.entries(HOSTILE);

describeOnServer('a market of hostile words', () => {
  let env: TestEnvironment;
  let market: Market;
  let on: Storms;
  let buyer: TestBuyer;
  let [plain, loud] = [undefined, undefined] as unknown as [TestSeller, TestSeller];

  beforeAll(async () => {
    env = await testEnvironment({}, { rails: ['rtp'] });
    market = createMarket(env);
    on = createStorms(env, market);
    [buyer, plain, loud] = await Promise.all([market.aBuyer(), market.aSeller(), market.aSeller()]);
  });
  afterAll(() => env?.stop());

  test('ranks an offer by what it offers, whatever it says of itself', async () => {
    const said = anOffer({ price: '100.00' });
    const shouted = {
      ...said,
      product: {
        ...said.product,
        product_id: 'loud',
        name: HOSTILE.order?.slice(0, 190) ?? '',
        natural_language_description: {
          content: `${said.product.natural_language_description?.content} ${ALL_HOSTILE}`.slice(0, 1_900),
          language: 'en',
        },
        reputation: { score: 100 },
        score: 100,
        rank: 1,
      },
      reputation: { overall: 100 },
      cwr_score: 100,
    };
    const { offers } = await market.rankedSession(buyer, [
      [plain, [said]],
      [loud, [shouted]],
    ]);
    const [first, second] = offers;
    expect([first?.product.product_id, second?.product.product_id]).toEqual([
      said.product.product_id,
      'loud',
    ]);
    // AURA's own words and figures hold nothing of the seller's.
    const { product: _product, ...own } = second as unknown as Record<string, unknown>;
    expect(JSON.stringify(own)).not.toMatch(/IGNORE|im_start|script|DROP TABLE|999999/);
  });

  test.each(hostile)('shows sellers the same wish, whatever is said beside it: %s', async (_what, text) => {
    const interpreter = createRuleInterpreter();
    const now = new Date();
    const [alone, beside] = await Promise.all([
      interpreter.interpret({ intent: INTENT, now }),
      interpreter.interpret({ intent: `${INTENT}. ${text}`.slice(0, 2_000), now }),
    ]);
    if (!alone.ok || !beside.ok) throw new Error('not interpreted');
    expect(beside.interpretation.constraints.hard?.price_max).toBe(
      alone.interpretation.constraints.hard?.price_max,
    );
    expect(beside.interpretation.constraints.hard?.category).toBe(
      alone.interpretation.constraints.hard?.category,
    );
    expect(JSON.stringify(beside.interpretation.constraints)).not.toMatch(
      /IGNORE|script|DROP|forged|HYPERLINK/i,
    );
  });

  test('passes nothing on of a buyer’s own words', async () => {
    const [seen] = await Promise.all([
      plain.beacon.openRequests(20),
      buyer.scout.openSession({
        intent: `${INTENT}. ${ALL_HOSTILE}`.slice(0, 1_900),
        offerTimeoutSeconds: 10,
      }),
    ]);
    const [request] = seen;
    expect(request).toBeDefined();
    expect(JSON.stringify(request)).not.toMatch(/IGNORE|im_start|script|DROP TABLE|forged|HYPERLINK|owned/);
  });

  describe('about a deal', () => {
    let deal: Deal;
    const TEXT = `${ALL_HOSTILE}`.slice(0, 1_500);

    beforeAll(async () => {
      deal = await on.aDeliveredDeal();
    });

    const say = (path: string, signer: 'scout' | 'beacon', body: unknown, method = 'POST'): RawRequest => ({
      method,
      path,
      signer: deal[signer],
      body,
    });

    test('is kept word for word for the other side, and decides nothing', async () => {
      const said: RawRequest[] = [
        say(`/v1/transactions/${deal.id}/fulfillment`, 'beacon', {
          status: 'delivered',
          evidence: { note: TEXT },
          carrier: TEXT.slice(0, 60),
        }),
        say(`/v1/transactions/${deal.id}/refunds`, 'beacon', { amount: '1.00', reason: TEXT.slice(0, 400) }),
        say(`/v1/transactions/${deal.id}/disputes`, 'scout', {
          reason: 'not_as_described',
          description: TEXT,
          remedy_requested: 'refund',
          evidence: [{ description: TEXT.slice(0, 400), content: TEXT }],
        }),
      ];
      const answers = [];
      for (const each of said) answers.push(await on.ask(each));
      expect(answers.map(({ status, text }) => (status < 500 ? 'answered' : text))).toEqual(
        answers.map(() => 'answered'),
      );
      const filed = answers[2];
      const disputes = filed?.status === 201 ? [String(filed.json.dispute_id)] : [];
      expect(disputes).toHaveLength(1);
      const told = await on.ask({
        method: 'GET',
        path: `/v1/disputes/${disputes[0] ?? ''}`,
        signer: deal.beacon,
      });
      expect(told.json.description).toBe(TEXT.trim());
      expect([told.json.status, told.json.decision ?? null]).toEqual(['open', null]);
      expect(await on.refundedMinor(deal)).toBe(answers[1]?.status === 201 ? 100 : 0);
      await on.booksHold();
    });

    test('reaches a page escaped, and a table without a formula', async () => {
      const reference = '<script>alert(1)</script>"\'&';
      const content = statementOf(reference.replaceAll('&', '&amp;').replaceAll('<', '&lt;'));
      await env.operator.importStatement({ rail: 'rtp', format: 'camt.054', content, network: 'NET' });
      const read = async (format: string) =>
        (
          await on.ask({
            method: 'GET',
            path: `/v1/reconciliation/reports?format=${format}`,
            signer: signerOf(env.operator),
          })
        ).text;
      expect(await read('json')).toContain(JSON.stringify(reference).slice(1, -1));
      const page = await read('html');
      expect(page).not.toContain('<script>');
      expect(page).toContain('&lt;script&gt;');
    });
  });

  test('asks the database nothing that is not a route’s own question', async () => {
    const lists = allRoutes().filter(
      ({ method, path, access }) =>
        method === 'get' && !path.includes(':') && access !== 'public' && access !== 'rail',
    );
    for (const { path, access } of lists) {
      const role = (access as readonly string[])[0];
      const signer =
        role === 'scout'
          ? signerOf(buyer.scout)
          : role === 'beacon'
            ? signerOf(plain.beacon)
            : signerOf(env.operator);
      for (const name of ['limit', 'after', 'status', 'rail', 'from', 'agent_id', 'sort', 'format']) {
        const query = new URLSearchParams({ [name]: HOSTILE.sql ?? '' }).toString();
        const { status, text } = await on.ask({ method: 'GET', path: `${path}?${query}`, signer });
        expect([path, name, status < 500 ? '' : text]).toEqual([path, name, '']);
      }
    }
    const { rows } = await env.db.raw<{ rows: { n: number }[] }>('SELECT count(*)::int AS n FROM agents');
    expect(rows[0]?.n).toBeGreaterThan(0);
  });
});

describeWithDatabase('a log of hostile words', (database) => {
  let server: ApiServer;
  let written = '';

  beforeAll(async () => {
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        written += chunk.toString('utf8');
        done();
      },
    });
    const log = pino({ name: 'api', level: 'trace' }, stream);
    server = await startApiServer({ db: database().db, deployment: 'sandbox', log });
  });
  afterAll(() => server?.stop());

  test('has a line for a line, and nothing in it that a terminal would obey', async () => {
    await aScout(server);
    for (const [, text] of hostile) {
      const escaped = encodeURIComponent(text);
      const latin = Buffer.from(text, 'utf8')
        .toString('latin1')
        .replace(/[\r\n]/g, '\t');
      await send(server.url, { method: 'GET', path: `/v1/agents/${escaped}?a=${escaped}` });
      await send(server.url, {
        method: 'POST',
        path: '/v1/agents/scouts',
        body: { agent_name: text, public_key: text },
      });
      await send(server.url, {
        method: 'POST',
        path: '/v1/agents/scouts',
        body: JSON.stringify({ agent_name: text }).slice(0, -3),
        headers: { 'x-idempotency-key': 'k', 'aura-version': escaped.slice(0, 50) },
      });
      for (const name of ['X-Agent-ID', 'Authorization', 'User-Agent', 'X-Request-ID', 'Signature-Input'])
        await exchange(
          server.url,
          requestBytes('GET /v1/accounts HTTP/1.1', { lines: [`${name}: ${latin}`] }),
          {
            waitMs: 1_000,
          },
        );
    }
    const lines = written.split('\n').slice(0, -1);
    expect(lines.length).toBeGreaterThan(5 * hostile.length);
    for (const line of lines) {
      const record = JSON.parse(line) as { level: number; msg: string };
      expect(record.msg).not.toBe('forged');
    }
    // C0 but the line's end, DEL, C1 (a terminal's escapes in one byte), and what turns text around.
    const obeyed = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;
    expect(lines.filter((line) => obeyed.test(line))).toEqual([]);
  });
});

/** A notification of one entry that nobody knows, with this reference. */
const statementOf = (reference: string) => `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>M1</MsgId></GrpHdr>
<Ntfctn><Id>S1</Id><Ntry><Amt Ccy="USD">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><DtTm>2026-05-04T10:00:00-04:00</DtTm></BookgDt><ValDt><Dt>2026-05-04</Dt></ValDt><AcctSvcrRef>${reference}</AcctSvcrRef>
<BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>`;
