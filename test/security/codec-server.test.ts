/** The codec server of the Temporal UI: who may read payloads, and that nobody else learns anything. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { tsxArguments } from '../../bin/services/node';
import { createPayloadSealer, fromJson, toJson } from '../../domain/payload-sealing';
import { parseKeyRing } from '../../domain/sealing';

const KEYS = `k1 ${randomBytes(32).toString('base64')}`;
const TOKEN = randomBytes(24).toString('hex');
const UI = 'http://127.0.0.1:8233';
const SECRET = 'a word that only its reader may know';

describe('the codec server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aura-codec-'));
  const sealer = createPayloadSealer({ read: () => parseKeyRing(KEYS) });
  const sealed = toJson(
    sealer.seal({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(`"${SECRET}"`) }),
  );
  let printed = '';
  let running: ChildProcess;
  let url: string;

  function start(env: Record<string, string>): ChildProcess {
    const entry = join(__dirname, '..', '..', 'bin', 'codec-server.ts');
    const child = spawn(process.execPath, [...tsxArguments(), entry], {
      env: { PATH: process.env.PATH, PORT: '0', AURA_PAYLOAD_KEYS: KEYS, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    return child;
  }
  const tokenFile = (text: string) => {
    const path = join(folder, `token-${randomBytes(4).toString('hex')}`);
    writeFileSync(path, text);
    return path;
  };

  beforeAll(async () => {
    running = start({ AURA_CODEC_TOKEN_FILE: tokenFile(`${TOKEN}\n`) });
    if (!running.stdout) throw new Error('no output to read');
    const [line] = (await once(createInterface({ input: running.stdout }), 'line')) as [string];
    ({ url } = JSON.parse(line) as { url: string });
  }, 60_000);
  afterAll(() => {
    running.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  const decode = (path: string, init: RequestInit = {}) =>
    fetch(url + path, { method: 'POST', body: JSON.stringify({ payloads: [sealed] }), ...init });
  const opened = async (answer: Response) => {
    const { payloads } = (await answer.json()) as { payloads: Parameters<typeof fromJson>[0][] };
    return payloads.map((payload) => Buffer.from(fromJson(payload).data ?? []).toString());
  };

  it.each([
    ['in the path', `/${TOKEN}/decode`, {}],
    ['in the header', '/decode', { headers: { authorization: `Bearer ${TOKEN}` } }],
  ])('opens payloads for whoever has the token: %s', async (_where, path, init) => {
    const answer = await decode(path, init);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await opened(answer)).toEqual([`"${SECRET}"`]);
  });

  it('passes on what was never sealed', async () => {
    const plain = toJson({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('1') });
    const body = JSON.stringify({ payloads: [plain, sealed] });
    expect(await opened(await decode(`/${TOKEN}/decode`, { body }))).toEqual(['1', `"${SECRET}"`]);
  });

  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
  const tampered = { ...sealed, data: Buffer.from('another').toString('base64') };
  it.each<[string, number, string, RequestInit]>([
    ['no token', 401, '/decode', {}],
    ['another token', 401, `/${'0'.repeat(48)}/decode`, {}],
    ['the beginning of the token', 401, '/decode', bearer(TOKEN.slice(0, -1))],
    ['the token and more', 401, '/decode', bearer(`${TOKEN}0`)],
    ['a good path with a bad header', 401, `/${TOKEN}/decode`, bearer('0'.repeat(48))],
    ['another address', 404, `/${TOKEN}/encode`, {}],
    ['a deeper address', 404, `/x/${TOKEN}/decode`, {}],
    ['another method', 405, `/${TOKEN}/decode`, { method: 'PUT' }],
    ['a body that is no JSON', 400, `/${TOKEN}/decode`, { body: '{"payloads":' }],
    ['payloads that are none', 400, `/${TOKEN}/decode`, { body: '{"payloads":[7]}' }],
    ['a body that is too large', 400, `/${TOKEN}/decode`, { body: ' '.repeat(9_000_000) }],
    [
      'a payload that was changed',
      400,
      `/${TOKEN}/decode`,
      { body: JSON.stringify({ payloads: [tampered] }) },
    ],
  ])('says nothing to %s', async (_what, status, path, init) => {
    const answer = await decode(path, init);
    expect([answer.status, await answer.text()]).toEqual([status, '']);
  });

  it('answers pages of the UI and no others', async () => {
    const { status, headers } = await fetch(`${url}/${TOKEN}/decode`, {
      method: 'OPTIONS',
      headers: { origin: 'https://elsewhere.example.com' },
    });
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe(UI);
  });

  it.each([
    ['without a token', {}],
    ['with a short token', { AURA_CODEC_TOKEN_FILE: tokenFile('secret') }],
    ['with a token that is no token', { AURA_CODEC_TOKEN_FILE: tokenFile(`${'a'.repeat(40)} b`) }],
    ['without keys', { AURA_CODEC_TOKEN_FILE: tokenFile(TOKEN), AURA_PAYLOAD_KEYS: '' }],
  ])('does not start %s', async (_what, env) => {
    const [code] = (await once(start(env), 'exit')) as [number];
    expect(code).toBe(1);
  });

  it('has printed neither token nor key nor what it opened', () => {
    expect(printed).toContain('"ready":true');
    for (const secret of [TOKEN, KEYS, SECRET]) expect(printed).not.toContain(secret);
  });
});
