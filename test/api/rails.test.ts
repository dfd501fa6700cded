/** Rails over the wire: who may register keys, and that a rail sees and does only what is its own. */
import { checkProof } from '../../domain/clearing/proof';
import { newId } from '../../domain/ids';
import { createSigner, generateKeyPair } from '../../domain/keys';
import {
  signInstruction,
  signNotice,
  signProof,
  sha256Hex,
  type Instruction,
  type NoticeStatement,
  type ProofStatement,
  type RailName,
  type StatementLine,
} from '../../domain/settlement';
import { newKeyPair, registerAgent, Scout, type KeyPair } from '../../sdk';
import { call } from '../../sdk/http';
import { inTransaction } from '../../store/db';
import { claimTransmission, insertInstruction } from '../../store/instructions';
import { railKeys } from '../../store/trust';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { createMarket, ROUTING, type Market, type TestBuyer } from '../support/market';
import { describeOnServer } from '../support/on-server';

jest.setTimeout(120_000);

const SMALL_ORDER = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]).toString('base64');
const aura = createSigner(generateKeyPair().privateKeyPem, 'aura');

interface RailCaller {
  keyId: string;
  key: KeyPair;
}

describeOnServer('rails over the wire', () => {
  let env: TestEnvironment;
  let market: Market;
  let buyer: TestBuyer;
  let fednow: RailCaller;
  let rtp: RailCaller;

  beforeAll(async () => {
    env = await testEnvironment();
    market = createMarket(env);
    buyer = await market.aBuyer({ rail: 'fednow' });
    [fednow, rtp] = [await aRail('fednow'), await aRail('rtp')];
  });
  afterAll(() => env?.stop());

  async function aRail(rail: string, more: { validFrom?: Date } = {}): Promise<RailCaller> {
    const key = newKeyPair();
    const { key_id: keyId } = await env.operator.registerRailKey({ rail, publicKey: key.publicKey, ...more });
    return { keyId, key };
  }

  function as<T = Record<string, unknown>>(
    { keyId, key }: RailCaller,
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: unknown,
  ): Promise<T> {
    const http = { ...env.http, attempts: 1 };
    return call<T>(http, { method, path, body, signer: { agentId: keyId, key } });
  }

  /** A stored payout that no worker knows of, so that its claim is free. */
  async function anInstruction(rail: RailName, given: Partial<Instruction> = {}): Promise<Instruction> {
    const accountRef = await env.db('mandates').where({ id: buyer.mandateId }).pluck('account_id');
    const now = Date.now();
    const instruction: Instruction = {
      type: 'aura.settlement-instruction.v1',
      instruction_id: newId('instruction'),
      kind: 'payout',
      rail,
      amount_minor: '1000',
      asset: 'USD',
      debtor: { account_ref: 'aura' },
      creditor: { account_ref: String(accountRef[0]) },
      subject_id: newId('payout'),
      commitment_hash: sha256Hex('payout'),
      created_at: new Date(now - 1_000).toISOString(),
      expires_at: new Date(now + 60_000).toISOString(),
      ...given,
    };
    await inTransaction(env.db, (trx) =>
      insertInstruction(trx, signInstruction(instruction, aura), { transactionId: null }),
    );
    return instruction;
  }

  const claim = (who: RailCaller, id: string, claimant = `c-${newId('event')}`, rail = 'fednow') =>
    as(who, 'POST', `/v1/rails/${rail}/transmissions/${id}`, { claimant });

  const audited = (action: string, subject: string) =>
    env.db('audit').where({ action, subject }).pluck('actor') as Promise<string[]>;

  describe('an operator', () => {
    test('registers a key once, sees it, and it is on record', async () => {
      const { publicKey } = newKeyPair();
      const keyId = `fednow-${Date.now()}`;
      const first = await env.operator.registerRailKey({ rail: 'fednow', publicKey, keyId });
      const again = await env.operator.registerRailKey({ rail: 'fednow', publicKey, keyId });
      expect(first).toMatchObject({ rail: 'fednow', key_id: keyId, public_key: publicKey, valid_to: null });
      expect(again).toEqual(first);
      expect(await audited('rail_key.registered', keyId)).toEqual([env.operator.agentId]);
      const { rails } = await env.operator.rails();
      expect(rails.map(({ rail }) => rail)).toEqual(['rtp', 'fednow', 'stablecoin', 'card', 'ach', 'x402']);
      const [shown] = rails.filter(({ rail }) => rail === 'fednow');
      expect(shown).toMatchObject({
        finality: 'irrevocable',
        account_form: 'bank',
        task_queue: 'rail-fednow',
        assets: [{ currency: 'USD', settles_in: 'USD', max_amount: '10000000.00' }],
        cost: { fixed_minor: '50', bps: 0 },
        health: { state: 'closed' },
      });
      expect(shown?.keys).toContainEqual(expect.objectContaining({ key_id: keyId, valid_to: null }));
    });

    test.each([
      ['a small-order key', () => ({ publicKey: SMALL_ORDER }), 400, 'INVALID_PARAMETER'],
      ['something that is no key', () => ({ publicKey: 'aGVsbG8=' }), 400, 'INVALID_PARAMETER'],
      [
        'an id like an agent’s',
        () => ({ keyId: 'sct_01HZZZZZZZZZZZZZZZZZZZZZZZ' }),
        400,
        'INVALID_PARAMETER',
      ],
      ['a rail that is none', () => ({ rail: 'hawala' }), 400, 'INVALID_PARAMETER'],
      ['an id that is taken', () => ({ keyId: fednow.keyId }), 409, 'RAIL_KEY_CONFLICT'],
      ['a key that is registered', () => ({ publicKey: fednow.key.publicKey }), 409, 'RAIL_KEY_CONFLICT'],
      [
        'another rail’s key',
        () => ({ rail: 'rtp', publicKey: fednow.key.publicKey }),
        409,
        'RAIL_KEY_CONFLICT',
      ],
    ])('cannot register %s', async (_what, given, status, code) => {
      const wanted = { rail: 'fednow', publicKey: newKeyPair().publicKey, ...given() };
      await expect(env.operator.registerRailKey(wanted)).rejects.toMatchObject({ status, code });
    });

    test('cannot register an agent’s key, and nobody else can register anything', async () => {
      const key = newKeyPair();
      const principal = await market.aPrincipal('L1');
      const scout = await Scout.register(env.http, principal, { key });
      await expect(
        env.operator.registerRailKey({ rail: 'fednow', publicKey: key.publicKey }),
      ).rejects.toMatchObject({ code: 'RAIL_KEY_CONFLICT', details: { reason: 'agent_key' } });
      const asScout = { keyId: scout.agentId, key };
      const body = { rail: 'fednow', public_key: newKeyPair().publicKey };
      for (const who of [asScout, fednow]) {
        await expect(as(who, 'POST', '/v1/rails', body)).rejects.toMatchObject({
          status: who === asScout ? 403 : 401,
        });
      }
      expect(await as(asScout, 'GET', '/v1/rails')).toHaveProperty('rails');
    });

    test('revokes a key: it proves what was before and nothing from then on, and signs no request', async () => {
      const rail = await aRail('fednow');
      const instruction = await anInstruction('fednow');
      const before = new Date();
      await as(rail, 'GET', '/v1/rails/fednow/notices/cursor');
      const ended = await env.operator.revokeRailKey('fednow', rail.keyId);
      expect(ended.valid_to).not.toBeNull();
      expect(await env.operator.revokeRailKey('fednow', rail.keyId)).toEqual(ended);
      expect(await audited('rail_key.revoked', rail.keyId)).toEqual([env.operator.agentId]);
      await expect(as(rail, 'GET', '/v1/rails/fednow/notices/cursor')).rejects.toMatchObject({ status: 401 });
      await expect(env.operator.revokeRailKey('rtp', rail.keyId)).rejects.toMatchObject({ status: 404 });
      await expect(
        env.operator.registerRailKey({ rail: 'fednow', publicKey: rail.key.publicKey }),
      ).rejects.toMatchObject({ code: 'RAIL_KEY_CONFLICT' });

      const registered = await railKeys(env.db, 'fednow');
      const judged = (executedAt: Date) =>
        checkProof({
          instruction,
          proof: signProof(aStatement(instruction, executedAt), 'evidence', signerOf(rail)),
          railKeys: registered,
          finalityAsked: 'provisional',
          now: new Date(),
          referenceUsed: false,
        }).accepted;
      expect(judged(before)).toBe(true);
      expect(judged(new Date(ended.valid_to ?? ''))).toBe(false);
    });

    test('forgets a key that was to become valid later', async () => {
      const rail = await aRail('fednow', { validFrom: new Date(Date.now() + 3_600_000) });
      await expect(as(rail, 'GET', '/v1/rails/fednow/notices/cursor')).rejects.toMatchObject({ status: 401 });
      await env.operator.revokeRailKey('fednow', rail.keyId);
      expect((await railKeys(env.db, 'fednow')).map(({ keyId }) => keyId)).not.toContain(rail.keyId);
    });
  });

  describe('the right to send', () => {
    test('is given to one of many, once and for ever', async () => {
      const { instruction_id: id } = await anInstruction('fednow');
      const asked = await Promise.allSettled(Array.from({ length: 20 }, () => claim(fednow, id)));
      expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const one of asked) {
        if (one.status === 'rejected')
          expect(one.reason).toMatchObject({
            status: 409,
            code: 'TRANSMISSION_CLAIMED',
            details: { reason: 'claimed', yours: false },
          });
      }
      expect(await env.db('transmissions').where({ instruction_id: id })).toHaveLength(1);
    });

    test('is known again by the claimant whose answer was lost, and by no other key', async () => {
      const { instruction_id: id } = await anInstruction('fednow');
      const claimant = 'the-same-attempt-asks-again';
      await claim(fednow, id, claimant);
      await expect(claim(fednow, id, claimant)).rejects.toMatchObject({
        status: 409,
        details: { yours: true },
      });
      await expect(claim(await aRail('fednow'), id, claimant)).rejects.toMatchObject({
        details: { yours: false },
      });
    });

    test('is not given when AURA has withdrawn the instruction, or after its expiry', async () => {
      const withdrawn = await anInstruction('fednow');
      await claimTransmission(env.db, withdrawn.instruction_id, 'aura:withdrawn');
      await expect(claim(fednow, withdrawn.instruction_id)).rejects.toMatchObject({ status: 409 });
      const expired = await anInstruction('fednow', { expires_at: new Date(Date.now() - 10).toISOString() });
      await expect(claim(fednow, expired.instruction_id)).rejects.toMatchObject({
        status: 409,
        details: { reason: 'expired' },
      });
      expect(await claimTransmission(env.db, expired.instruction_id, 'aura:withdrawn')).toBe(true);
    });

    test('is only for the rail of the instruction', async () => {
      const { instruction_id: id } = await anInstruction('fednow');
      await expect(claim(rtp, id)).rejects.toMatchObject({ status: 403, code: 'INSUFFICIENT_PERMISSIONS' });
      await expect(claim(rtp, id, undefined, 'rtp')).rejects.toMatchObject({ status: 404 });
      await expect(claim(fednow, newId('instruction'))).rejects.toMatchObject({ status: 404 });
      await expect(claim(fednow, id, 'short')).rejects.toMatchObject({ status: 400 });
      expect(await env.db('transmissions').where({ instruction_id: id })).toHaveLength(0);
    });
  });

  describe('the parties', () => {
    test('are shown to the rail of the instruction, with their accounts and mandates', async () => {
      const [account] = (await env
        .db('mandates')
        .where({ id: buyer.mandateId })
        .pluck('account_id')) as string[];
      const { instruction_id: id } = await anInstruction('fednow', {
        kind: 'deposit',
        debtor: { account_ref: account ?? '', mandate_ref: buyer.mandateId },
        creditor: { account_ref: 'aura' },
      });
      const path = `/v1/rails/fednow/instructions/${id}`;
      const shown = await as(fednow, 'GET', `${path}/parties`);
      expect(shown).toMatchObject({
        debtor: {
          account: { routing_number: ROUTING, account_number: buyer.accountNumber, holder_name: 'Jane Doe' },
          mandate: { mandate_ref: buyer.mandateId, reference: expect.any(String) as string },
        },
        creditor: { account_ref: 'aura', account: null, mandate: null },
      });
      expect(await as(fednow, 'GET', path)).toMatchObject({ instruction: { instruction_id: id } });
      await expect(as(rtp, 'GET', `${path}/parties`)).rejects.toMatchObject({ status: 403 });
      const elsewhere = path.replace('fednow', 'rtp');
      await expect(as(rtp, 'GET', `${elsewhere}/parties`)).rejects.toMatchObject({ status: 404 });
      await expect(as(rtp, 'GET', elsewhere)).rejects.toMatchObject({ status: 404 });
    });

    test('of a mandate too; a correction is on record', async () => {
      const path = `/v1/rails/fednow/mandates/${buyer.mandateId}`;
      const { account } = await as<{ account: { account_ref: string } }>(fednow, 'GET', path);
      await expect(as(rtp, 'GET', path.replace('fednow', 'rtp'))).rejects.toMatchObject({ status: 404 });
      const at = `/v1/rails/fednow/accounts/${account.account_ref}`;
      await expect(
        as(rtp, 'PUT', at.replace('fednow', 'rtp'), { account_type: 'savings' }),
      ).rejects.toMatchObject({ status: 404 });
      expect(await as(fednow, 'PUT', at, { account_type: 'savings' })).toMatchObject({
        corrected: ['accountType'],
      });
      expect(await as(fednow, 'GET', path)).toMatchObject({
        account: { account_type: 'savings', account_number: buyer.accountNumber },
      });
      expect(await audited('account.corrected', account.account_ref)).toEqual(['rail:fednow']);
    });
  });

  describe('reports', () => {
    const aLine = (given: Partial<StatementLine> = {}): StatementLine => ({
      rail: 'fednow',
      network: 'SMALLBANK',
      business_date: '2026-11-21',
      reference: newId('event'),
      line: '0',
      direction: 'credit',
      amount_minor: '1000',
      fee_minor: '0',
      asset: 'USD',
      instruction_id: null,
      booked_at: '2026-11-21T09:30:00.000Z',
      source_format: 'json',
      ...given,
    });
    const post = (who: RailCaller, body: object) => as(who, 'POST', '/v1/rails/fednow/statement-lines', body);

    test('lines count once; what says otherwise later is told and changes nothing', async () => {
      const line = aLine();
      const lines = [line, aLine()];
      expect(await post(fednow, { lines })).toEqual({ accepted: 2, altered: [] });
      expect(await post(fednow, { lines })).toEqual({ accepted: 2, altered: [] });
      const { altered } = await post(fednow, { lines: [{ ...line, amount_minor: '999' }] });
      expect(altered).toMatchObject([{ beforeMinor: '1000', nowMinor: '999', fields: ['amount_minor'] }]);
      const kept = await env.db('statement_lines').where({ reference: line.reference }).pluck('amount_minor');
      expect(kept).toEqual(['1000']);
    });

    test('lines belong to the run they were read for, and bring its balances', async () => {
      const run = {
        id: newId('reconciliation'),
        rail: 'fednow',
        from: '2026-11-21T00:00:00.000Z',
        to: '2026-11-22T00:00:00.000Z',
        asset: 'USD',
      };
      const statement = { opening_minor: '0', closing_minor: '-1000', lines: 1 };
      await post(fednow, { run, lines: [aLine()], statement });
      expect(await env.db('reconciliation_runs').where({ id: run.id })).toMatchObject([
        { rail: 'fednow', closing_minor: '-1000', lines: 1 },
      ]);
      const rtpLine = aLine({ rail: 'rtp' });
      await expect(
        as(rtp, 'POST', '/v1/rails/rtp/statement-lines', { run: { ...run, rail: 'rtp' }, lines: [rtpLine] }),
      ).rejects.toMatchObject({ status: 404 });
      expect(await env.db('statement_lines').where({ reference: rtpLine.reference })).toHaveLength(0);
    });

    test.each([
      ['lines of another rail', { lines: [aLine({ rail: 'rtp' })] }, 'lines.0.rail'],
      ['a fee above the amount', { lines: [aLine({ fee_minor: '1001' })] }, 'lines.0.fee_minor'],
      ['an amount of nothing', { lines: [aLine({ amount_minor: '0' })] }, 'lines.0.amount_minor'],
      ['an asset that is none', { lines: [aLine({ asset: 'XXQ' })] }, 'lines.0.asset'],
      [
        'parts that are not the whole',
        { lines: [{ ...aLine(), parts: [{ instruction_id: newId('instruction'), amount_minor: '1' }] }] },
        'lines.0.parts',
      ],
      [
        'balances without a run',
        { lines: [], statement: { opening_minor: '0', closing_minor: '0', lines: 0 } },
        'statement',
      ],
    ])('refuse %s', async (_what, body, field) => {
      await expect(post(fednow, body)).rejects.toMatchObject({ status: 400, details: { field } });
    });

    test('notices count once, and the cursor is kept', async () => {
      const { instruction_id: id } = await anInstruction('fednow');
      const notice = signNotice(aNotice(id), 'evidence', signerOf(fednow));
      const path = '/v1/rails/fednow/notices';
      const body = { notices: [notice], cursor: '1' };
      expect(await as(fednow, 'POST', path, body)).toEqual({ accepted: 1, cursor: '1' });
      expect(await as(fednow, 'POST', path, body)).toEqual({ accepted: 1, cursor: '1' });
      expect(await as(fednow, 'GET', `${path}/cursor`)).toEqual({ cursor: '1' });
      const kept = await env.db('rail_notices').where({ instruction_id: id });
      expect(kept).toHaveLength(1);
      expect(kept[0]).toMatchObject({ statement: notice.statement, accepted: null });
      await expect(as(rtp, 'POST', path, body)).rejects.toMatchObject({ status: 403 });
      await expect(as(rtp, 'POST', path.replace('fednow', 'rtp'), body)).rejects.toMatchObject({
        details: { field: 'notices.0.statement.rail' },
      });
    });

    test('health is shown to operators', async () => {
      await as(rtp, 'PUT', '/v1/rails/rtp/health', { state: 'open', detail: 'the bank is closed' });
      const healthOf = async () =>
        (await env.operator.rails()).rails.find(({ rail }) => rail === 'rtp')?.health?.state;
      expect(await healthOf()).toBe('open');
      await as(rtp, 'PUT', '/v1/rails/rtp/health', { state: 'closed' });
      expect(await healthOf()).toBe('closed');
      await expect(as(fednow, 'PUT', '/v1/rails/rtp/health', { state: 'open' })).rejects.toMatchObject({
        status: 403,
      });
    });
  });

  test.each([
    ['GET', '/v1/rails/fednow/notices/cursor'],
    ['POST', '/v1/rails/fednow/statement-lines'],
    ['POST', '/v1/rails/fednow/notices'],
    ['PUT', '/v1/rails/fednow/health'],
  ] as const)('agents and strangers get nowhere: %s %s', async (method, path) => {
    const body = method === 'GET' ? undefined : {};
    const principal = await market.aPrincipal('L1');
    const key = newKeyPair();
    const { agent } = await registerAgent(env.http, principal, 'scout', { key });
    await expect(as({ keyId: agent.agent_id, key }, method, path, body)).rejects.toMatchObject({
      status: 403,
      code: 'INSUFFICIENT_PERMISSIONS',
    });
    await expect(as({ keyId: 'no-such-key', key }, method, path, body)).rejects.toMatchObject({
      status: 401,
    });
    await expect(as({ ...fednow, key }, method, path, body)).rejects.toMatchObject({
      status: 401,
      code: 'INVALID_SIGNATURE',
    });
  });
});

function signerOf({ keyId, key }: RailCaller) {
  return { keyId, publicKey: key.publicKey, sign: (text: string | Uint8Array) => key.sign(String(text)) };
}

function aStatement(instruction: Instruction, executedAt: Date): ProofStatement {
  return {
    type: 'aura.settlement-proof.v1',
    rail: instruction.rail,
    network: 'SMALLBANK',
    instruction_id: instruction.instruction_id,
    commitment_hash: instruction.commitment_hash,
    amount_minor: instruction.amount_minor,
    asset: instruction.asset,
    reference: 'R1',
    line: '0',
    business_date: '2026-11-21',
    finality: 'irrevocable',
    executed_at: executedAt.toISOString(),
    evidence_format: 'text',
    evidence_sha256: sha256Hex('evidence'),
  };
}

function aNotice(instructionId: string): NoticeStatement {
  return {
    type: 'aura.rail-notice.v1',
    rail: 'fednow',
    network: 'SMALLBANK',
    notice_id: newId('event'),
    kind: 'return',
    instruction_id: instructionId,
    original_reference: 'R1',
    amount_minor: '1000',
    asset: 'USD',
    fee_minor: '0',
    reason_code: 'FOCR',
    reason: 'taken back',
    reference: 'R2',
    line: '0',
    business_date: '2026-11-21',
    occurred_at: '2026-11-21T10:00:00.000Z',
    evidence_format: 'text',
    evidence_sha256: sha256Hex('evidence'),
  };
}
