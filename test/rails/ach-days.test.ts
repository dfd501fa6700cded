/** The bank's real days, with a clock that the test moves: cut-offs, weekends, holidays. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '../../domain/ids';
import { createSigner, generateKeyPair } from '../../domain/keys';
import { signInstruction } from '../../domain/settlement';
import { createAchAdapter, type AchAdapter } from '../../rails/ach';
import { startAchSandbox } from '../../rails/sandbox/ach';
import type { RunningFamily } from '../../rails/sandbox/families';
import { createInMemoryDirectory } from '../support/party-directory';
import { createOperator } from '../support/sandbox-network';

let now = new Date();
const aura = createSigner(generateKeyPair().privateKeyPem, 'aura');
const proofs = createSigner(generateKeyPair().privateKeyPem, 'proofs');
const directory = createInMemoryDirectory();
let dataDir: string;
let bank: RunningFamily | undefined;
let adapter: AchAdapter | undefined;

async function openBank(instant: string): Promise<AchAdapter> {
  now = new Date(instant);
  const clock = () => now;
  dataDir = await mkdtemp(join(tmpdir(), 'aura-ach-'));
  bank = await startAchSandbox({
    dataDir,
    host: '127.0.0.1',
    port: 0,
    settings: {},
    clock,
    onFatal(error) {
      throw error;
    },
  });
  const url = `${bank.url}/ach`;
  const operator = createOperator(() => `${url}/operator`);
  await operator.register(proofs.keyId, proofs.publicKey);
  const account = { holderName: 'Ann', routingNumber: '990000204', accountNumber: '1', asset: 'USD' };
  await operator.open(account, 0n);
  directory.addAccount('acc_1', account);
  adapter = createAchAdapter({
    networkUrl: url,
    networkKey: bank.keys.ach,
    signer: proofs,
    auraKey: aura.publicKey,
    directory,
    clock,
    timeoutMs: 5_000,
    batchWindowMs: 5,
  });
  return adapter;
}

afterEach(async () => {
  await adapter?.close();
  await bank?.close();
  await rm(dataDir, { recursive: true, force: true });
});

function aPayout() {
  return signInstruction(
    {
      type: 'aura.settlement-instruction.v1',
      instruction_id: newId('instruction'),
      kind: 'payout',
      rail: 'ach',
      amount_minor: '1000',
      asset: 'USD',
      debtor: { account_ref: 'aura' },
      creditor: { account_ref: 'acc_1' },
      subject_id: newId('payout'),
      commitment_hash: 'ab'.repeat(32),
      created_at: now.toISOString(),
      expires_at: new Date(now.getTime() + 4 * 86_400_000).toISOString(),
    },
    aura,
  );
}

describe("the bank's days", () => {
  it.each([
    ['before the cut-off of an ordinary day', '2026-11-23T21:59:00Z', '2026-11-24'],
    ['after the cut-off of an ordinary day', '2026-11-23T22:00:00Z', '2026-11-25'],
    ['before the cut-off before Thanksgiving', '2026-11-25T21:59:00Z', '2026-11-27'],
    ['after the cut-off before Thanksgiving', '2026-11-25T22:01:00Z', '2026-11-30'],
    ['on Thanksgiving', '2026-11-26T16:00:00Z', '2026-11-30'],
    ['on a Saturday', '2026-11-21T23:30:00Z', '2026-11-24'],
    ['on the Friday before a fourth of July on Saturday', '2026-07-03T20:59:00Z', '2026-07-06'],
    ['after the cut-off in summer time', '2026-07-06T21:00:00Z', '2026-07-08'],
  ])('%s', async (_when, instant, settlesOn) => {
    const rail = await openBank(instant);
    const signed = aPayout();
    expect(await rail.submit(signed)).toMatchObject({
      outcome: 'pending',
      detail: `accepted by the bank, settles on ${settlesOn}`,
    });
    now = new Date(`${settlesOn}T04:59:00Z`);
    if (settlesOn < '2026-11') now = new Date(`${settlesOn}T03:59:00Z`);
    expect(await rail.inquire(signed)).toMatchObject({ outcome: 'pending' });
    now = new Date(`${settlesOn}T05:00:00Z`);
    const answer = await rail.inquire(signed);
    if (answer.outcome !== 'executed') throw new Error(JSON.stringify(answer));
    expect(answer.proof.statement.business_date).toBe(settlesOn);
    expect(answer.proof.statement.executed_at).toBe(now.toISOString());
  });

  it('counts what comes on a weekend to Monday, also when the bank was open on Friday', async () => {
    const rail = await openBank('2026-11-20T15:00:00Z');
    now = new Date('2026-11-21T15:00:00Z');
    const signed = aPayout();
    expect(await rail.submit(signed)).toMatchObject({
      outcome: 'pending',
      detail: 'accepted by the bank, settles on 2026-11-24',
    });
  });

  it('makes up for the days that passed while nobody asked', async () => {
    const rail = await openBank('2026-11-23T15:00:00Z');
    const signed = aPayout();
    await rail.submit(signed);
    now = new Date('2026-12-07T15:00:00Z');
    const answer = await rail.inquire(signed);
    if (answer.outcome !== 'executed') throw new Error(JSON.stringify(answer));
    expect(answer.proof.statement.business_date).toBe('2026-11-24');
  });
});
