import { readFileSync } from 'node:fs';
import { createSigner } from '../../../domain/keys';
import { keyFile } from '../../keys';
import { proofTable, strong } from '../print';
import { chapter } from '../stage';
import { expectThat, type Scenario } from './scenario';

const AN_HOUR_MS = 3_600_000;
const NEW_KEY_ID = 'rail-rtp-2';

export const badProof: Scenario = {
  title: 'A proof by a key that was revoked',
  rails: ['rtp', 'fednow'],
  pays: ['rtp'],
  async tell(stage) {
    const { say, operator, environment } = stage;
    const { platform } = environment;
    const chosen = await stage.choose();
    chapter(say, "RTP's adapter gets a new key and goes on with the old one, which proves nothing any more");
    const key = keyFile(platform.dataDir, NEW_KEY_ID);
    const { publicKey } = createSigner(readFileSync(key.path, 'utf8'), NEW_KEY_ID);
    const validFrom = new Date(Date.now() - AN_HOUR_MS);
    await operator.registerRailKey({ rail: 'rtp', publicKey, keyId: NEW_KEY_ID, validFrom });
    await operator.revokeRailKey('rtp', 'rail-rtp');
    const deal = await stage.commit(chosen, 'rtp');
    const id = deal.transaction_id;
    const stuck = await stage.watch(id, ({ clearing_status }) => clearing_status === 'exception');
    say('  the proof is kept as evidence, and no money moved:');
    say(proofTable(stuck.payment.proof?.checks ?? []));
    const moved = await stage.query<{ count: string }>(
      `SELECT count(*) FROM entries WHERE transaction_id = ? AND event = 'settlement_proved'`,
      [id],
    );
    expectThat(moved[0]?.count === '0', 'the ledger booked a payment by a bad proof');
    const { exceptions } = await operator.exceptions({ transaction_id: id });
    say(`  exception: ${strong(exceptions[0]?.cause ?? '')}`);

    chapter(say, 'The adapter takes up its new key, and the next inquiry brings a proof that holds');
    await platform.introduce('rtp', { keyId: NEW_KEY_ID, publicKey });
    await platform.restart('rail-rtp', { RAIL_KEY_FILE: key.path, RAIL_KEY_ID: NEW_KEY_ID });
    const cleared = await stage.untilSettled(id).then(() => stage.untilCleared(id, 'rtp'));
    say(proofTable(cleared.payment.proof?.checks ?? []));
    await stage.ledger(id, 'the deal on the ledger');
    expectThat(cleared.clearing_status === 'cleared', `the deal is ${cleared.clearing_status}`);
    return { cause: exceptions[0]?.cause ?? '', cleared: true };
  },
};
