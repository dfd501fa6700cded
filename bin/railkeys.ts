/**
 * `npm run railkeys -- <rail>`: prints the payload keys of one rail, for whoever runs its adapter. They follow from
 * AURA's, which the environment names (AURA_PAYLOAD_KEYS_FILE), and open nothing of other rails.
 */
import { railKeyLines } from '../domain/payload-sealing';
import { RAILS } from '../domain/settlement';
import { keySource } from './key-source';

const rail = RAILS.find((name) => name === process.argv[2]);
if (rail) {
  process.stdout.write(railKeyLines(keySource(process.env, 'AURA_PAYLOAD_KEYS').read(), rail));
} else {
  process.stderr.write(`usage: railkeys <${RAILS.join('|')}>\n`);
  process.exitCode = 2;
}
