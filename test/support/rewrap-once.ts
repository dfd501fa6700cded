/** A rotation in a process of its own that tells of its first batch and then dawdles, so that it can be killed in it. */
import { createDb } from '../../store/db';
import { keySource } from '../../bin/key-source';
import { rewrapAll } from '../../store/vault/rotation';

const db = createDb({
  url: process.env.DATABASE_URL ?? '',
  applicationName: 'aura-rewrap',
  poolMax: 1,
  keys: keySource(process.env, 'AURA_DATA_KEYS'),
});

void rewrapAll(db, (done) => {
  if (done < 1_000) return;
  process.send?.('two batches are done');
  // Nothing goes on while this waits to be killed.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
});
