/**
 * Parsers of what strangers send, on the samples in `corpus` and on what comes of them when they are bent: a parser
 * answers or refuses with its own error, soon, whatever it is given. `good-*` samples are read, `bad-*` refused.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { readPayment } from '../../api/x402/payload';
import { generateKeyPair, KeyError, parsePublicKey } from '../../domain/keys';
import { createRuleInterpreter } from '../../domain/interpretation';
import {
  authorityOf,
  checkHttpSignature,
  HttpSignatureError,
  readHttpSignature,
  signHttpMessage,
} from '../../domain/signatures/http-message';
import { Iso20022Error, MESSAGES, parseMessage } from '../../rails/iso20022';
import { NachaError, readNacha, writeNacha } from '../../rails/nacha';
import { readStatementFile, StatementFileError, type FileFormat } from '../../rails/statements';
import { bent, hostileText, longest, MIB, outcomeOf, RUNS, soon, type Outcome } from '../support/bent';
import { newSigner } from '../support/signed-requests';

jest.setTimeout(60_000);

const CORPUS = join(__dirname, 'corpus');

type Parser = (text: string) => Outcome | Promise<Outcome>;

const statement = (format: FileFormat) => (text: string) =>
  outcomeOf(StatementFileError, async () => {
    const rail = format === 'card-csv' ? 'card' : format === 'nacha-return' ? 'ach' : 'rtp';
    const chunks = text.match(/[^]{1,4096}/g) ?? [];
    for await (const line of readStatementFile(chunks, { rail, network: 'NET', format }).lines())
      expect(BigInt(line.amount_minor)).toBeGreaterThan(0n);
  });

const FILES: Readonly<Record<string, Parser>> = {
  iso20022: (text) =>
    outcomeOf(Iso20022Error, () => {
      const { name, body } = parseMessage(text);
      const definition = MESSAGES.find((each) => each.name === name);
      // What is read can be written, and is read the same again.
      expect(parseMessage((definition as { build(value: unknown): string }).build(body))).toEqual({
        name,
        body,
      });
    }),
  nacha: (text) =>
    outcomeOf(NachaError, () => {
      const file = readNacha(text);
      expect(readNacha(writeNacha(file))).toEqual(file);
    }),
  'camt.053': statement('camt.053'),
  'camt.054': statement('camt.054'),
  'card-csv': statement('card-csv'),
  'nacha-return': statement('nacha-return'),
};

const samples = Object.keys(FILES).flatMap((format) =>
  readdirSync(join(CORPUS, format)).map((name) => [format, name] as const),
);
const textOf = (format: string, name: string) => readFileSync(join(CORPUS, format, name), 'utf8');
const parserOf = (format: string) => FILES[format] as Parser;

describe('the corpus', () => {
  test('has a folder for every format, and both kinds in each', () => {
    expect(readdirSync(CORPUS).sort()).toEqual(Object.keys(FILES).sort());
    for (const format of Object.keys(FILES)) {
      const kinds = samples.filter(([of]) => of === format).map(([, name]) => name.split('-')[0]);
      expect([...new Set(kinds)].sort()).toEqual(['bad', 'good']);
    }
  });

  test.each(samples)('%s: %s', async (format, name) => {
    const outcome = await soon(() => parserOf(format)(textOf(format, name)));
    expect(outcome).toBe(name.startsWith('good') ? 'read' : 'refused');
  });
});

describe('a file that was bent', () => {
  test.each(Object.keys(FILES))('is read or refused: %s', async (format) => {
    const texts = samples.filter(([of]) => of === format).map(([, name]) => textOf(format, name));
    await fc.assert(
      fc.asyncProperty(bent(texts.filter((text) => text.length < 50_000)), async (text) => {
        await soon(() => parserOf(format)(text));
      }),
      { numRuns: RUNS },
    );
  });

  test.each(Object.keys(FILES))('of a megabyte is read or refused soon: %s', async (format) => {
    const good = samples.filter(([of, name]) => of === format && name.startsWith('good'));
    for (const [, name] of good)
      for (const text of longest(textOf(format, name), MIB)) await soon(() => parserOf(format)(text));
  });
});

describe('a header that was bent', () => {
  const payment = {
    x402Version: 2,
    accepted: { scheme: 'exact', network: 'eip155:84532', amount: '1', asset: '0x1', payTo: '0x2' },
    payload: {
      signature: `0x${'ab'.repeat(65)}`,
      authorization: {
        from: `0x${'1'.repeat(40)}`,
        to: `0x${'2'.repeat(40)}`,
        value: '1',
        validAfter: '0',
        validBefore: '9999999999',
        nonce: `0x${'3'.repeat(64)}`,
      },
    },
    extensions: { 'payment-identifier': { info: { id: 'a'.repeat(16) } } },
  };
  const base64 = (text: string) => Buffer.from(text).toString('base64');

  test('of a payment is read or has a problem', async () => {
    const json = JSON.stringify(payment);
    expect(readPayment(base64(json))).not.toHaveProperty('problem');
    const headers = fc.oneof(bent([json]).map(base64), bent([base64(json)]), hostileText);
    await fc.assert(
      fc.asyncProperty(headers, (header) =>
        soon(() => {
          const read = readPayment(header);
          if ('problem' in read) expect(read.problem.detail.length).toBeLessThan(500);
          else expect(read.authorization.nonce).toMatch(/^0x[0-9a-f]{64}$/);
        }),
      ),
      { numRuns: RUNS },
    );
    for (const text of longest(base64(json), MIB)) expect(readPayment(text)).toHaveProperty('problem');
  });

  test('of a message signature is read or refused', async () => {
    const signer = newSigner();
    const message = { method: 'POST', target: '/v1/sessions?a=1', body: '{"intent":"a"}' };
    const headers = lowered(
      await signHttpMessage({
        ...message,
        authority: 'aura.example.com',
        keyId: 'sct_1',
        nonce: 'nonce-of-eight',
        sign: (bytes) => signer.sign(bytes),
      }),
    );
    const read = async (given: Record<string, string>) => {
      const found = await readHttpSignature(
        { ...message, headers: given },
        authorityOf('https://aura.example.com'),
      );
      checkHttpSignature(found, { ...message, headers: given }, new Date());
    };
    expect(await outcomeOf(HttpSignatureError, () => read(headers))).toBe('read');
    const names = Object.keys(headers);
    const one = fc
      .constantFrom(...names)
      .chain((name) => bent([headers[name] ?? '']).map((value) => ({ ...headers, [name]: value })));
    await fc.assert(
      fc.asyncProperty(one, (given) =>
        soon(() => outcomeOf(HttpSignatureError, () => read(given)).then(() => {})),
      ),
      { numRuns: RUNS },
    );
    for (const name of names)
      for (const value of longest(headers[name] ?? '', 16_384))
        await soon(() => outcomeOf(HttpSignatureError, () => read({ ...headers, [name]: value })));
  });

  test('a key is read or refused', () => {
    const { publicKey } = generateKeyPair();
    const forms = [
      publicKey,
      `did:key:z6Mk${'a'.repeat(44)}`,
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
    ];
    fc.assert(
      fc.property(fc.oneof(bent(forms), fc.anything()), (input) => {
        try {
          parsePublicKey(input);
        } catch (error) {
          expect(error).toBeInstanceOf(KeyError);
        }
      }),
      { numRuns: RUNS },
    );
  });
});

test('a sentence of two thousand characters is interpreted soon, whatever is in it', async () => {
  const interpreter = createRuleInterpreter();
  const now = new Date();
  const words = [
    '$',
    '1',
    '1,',
    '100 ',
    'under ',
    'size ',
    '-',
    '.',
    'headphones ',
    'a',
    '½',
    '٣',
    '€',
    'by friday ',
  ];
  for (const word of words) {
    const intent = word.repeat(Math.floor(2_000 / word.length));
    await soon(() => interpreter.interpret({ intent, now }));
    await soon(() => interpreter.interpret({ intent: `headphones ${intent}`.slice(0, 2_000), now }));
  }
  await fc.assert(
    fc.asyncProperty(hostileText, (text) =>
      soon(() => interpreter.interpret({ intent: text.slice(0, 2_000), now }).then(() => {})),
    ),
    { numRuns: RUNS },
  );
});

const lowered = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
