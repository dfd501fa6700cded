/** Payloads are sealed (AES-256-GCM) under the rail's own key on their way through Temporal: docs/rail-port.md. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const SEALED = 'binary/encrypted';
const CONTEXT = Buffer.from('aura.payload.v1');
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** A Temporal codec. `text` is the file of the rail's payload keys: `<id> <32 bytes, base64>` a line, the newest first. */
export function createCodec(text, rail) {
  const lines = text.split('\n').map((line) => line.trim());
  const pairs = lines.filter((line) => line && !line.startsWith('#')).map((line) => line.split(/\s+/));
  const keys = new Map(pairs.map(([id, key]) => [id, Buffer.from(key, 'base64')]));
  const [newest] = keys.keys();

  function seal(payload) {
    const metadata = Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, base64(value)]);
    const plain = JSON.stringify({
      metadata: Object.fromEntries(metadata),
      data: base64(payload.data ?? []),
    });
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', keys.get(newest), iv).setAAD(CONTEXT);
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    return {
      metadata: {
        encoding: Buffer.from(SEALED),
        'aura-key': Buffer.from(newest),
        'aura-audience': Buffer.from(rail),
      },
      data: Buffer.concat([iv, cipher.getAuthTag(), sealed]),
    };
  }

  function open(payload) {
    if (fieldOf(payload, 'encoding') !== SEALED) return payload;
    const id = fieldOf(payload, 'aura-key');
    const key = keys.get(id);
    if (!key) throw new Error(`there is no payload key ${id}`);
    const bytes = Buffer.from(payload.data);
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES))
      .setAAD(CONTEXT)
      .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const plain = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
    const { metadata, data } = JSON.parse(plain.toString());
    const fields = Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')]);
    return { metadata: Object.fromEntries(fields), data: Buffer.from(data, 'base64') };
  }

  return {
    encode: async (payloads) => payloads.map(seal),
    decode: async (payloads) => payloads.map(open),
  };
}

const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const fieldOf = ({ metadata }, name) => Buffer.from(metadata?.[name] ?? []).toString();
