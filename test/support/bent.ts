/** Texts made from good ones by whoever means ill: cut, doubled, spliced with tokens of every format, and far too long. */
import fc from 'fast-check';

export const RUNS = Number(process.env.AURA_FUZZ_RUNS ?? 200);
export const MIB = 1_048_576;
/** Of this process's own work for one input of at most a megabyte, however busy the machine is with other things. */
const SOON_CPU_MS = 2_000;

export type Outcome = 'read' | 'refused';

/** How a parser ends; any other error than its own fails the test. */
export async function outcomeOf(
  own: abstract new (...args: never[]) => Error,
  read: () => unknown,
): Promise<Outcome> {
  try {
    await read();
    return 'read';
  } catch (error) {
    if (error instanceof own) return 'refused';
    throw error;
  }
}

export async function soon<T>(work: () => T | Promise<T>): Promise<T> {
  const before = process.cpuUsage();
  const done = await work();
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(SOON_CPU_MS);
  return done;
}

const TOKENS = [
  ...['<', '>', '</', '/>', '<![CDATA[', '<!--', '-->', '<?', '<!DOCTYPE a>', '&lol;', '&#0;', '&#x110000;'],
  ...[
    '"',
    "'",
    '\\',
    '\\u0000',
    '\\ud800',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    'null',
    '1e999',
    '-0',
    '0x10',
    'NaN',
  ],
  ...[
    '\u0000',
    '\r',
    '\n',
    '\r\n',
    '\t',
    '\u2028',
    '\ufeff',
    '\u200b',
    '\u202e',
    'é',
    'e\u0301',
    '😀',
    '\ud800',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '../../etc/passwd',
    '%00',
    '%2e%2e%2f',
    "'; DROP TABLE agents; --",
  ],
  ...[
    '9'.repeat(30),
    '9'.repeat(94),
    ' '.repeat(100),
    'A'.repeat(500),
    '=1+1',
    '"=cmd|a!A1"',
    ';',
    '=',
    '==',
    ':;',
  ],
];

/** A text that is like one of these and is not, in one to four places. */
export function bent(texts: readonly string[]): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(40),
    kind: fc.constantFrom('cut', 'double', 'insert', 'replace', 'flip', 'end', 'swap'),
    token: fc.constantFrom(...TOKENS),
  });
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([text, changes]) => changes.reduce(apply, text));
}

interface Change {
  at: number;
  length: number;
  kind: string;
  token: string;
}

function apply(text: string, { at, length, kind, token }: Change): string {
  const start = Math.floor(at * text.length);
  const [before, piece, after] = [
    text.slice(0, start),
    text.slice(start, start + length),
    text.slice(start + length),
  ];
  switch (kind) {
    case 'cut':
      return before + after;
    case 'double':
      return before + piece + piece + after;
    case 'insert':
      return before + token + piece + after;
    case 'replace':
      return before + token + after;
    case 'flip':
      return (
        before +
        String.fromCharCode((text.charCodeAt(start) || 65) ^ (1 << (length % 7))) +
        text.slice(start + 1)
      );
    case 'end':
      return before;
    default:
      return after + piece + before;
  }
}

/** Text that is nothing in particular, and everything that breaks something somewhere. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constantFrom(...TOKENS), fc.string({ unit: 'binary', maxLength: 20 })), {
    maxLength: 60,
  })
  .map((parts) => parts.join(''));

/** The text blown up to so many characters, in ways that make careless readers slow. */
export function longest(text: string, characters: number): string[] {
  const middle = Math.floor(text.length / 2);
  const filled = (piece: string) =>
    text.slice(0, middle) +
    piece.repeat(Math.max(0, Math.floor((characters - text.length) / piece.length))) +
    text.slice(middle);
  return [
    ...[
      '<a>',
      '<',
      '&amp;',
      '&',
      '>',
      ' ',
      '\n',
      '\t',
      'a',
      '9',
      '"',
      '\\',
      '[',
      '{"a":',
      '<Ntry>',
      '<Ntry ',
      ',',
    ],
    '</Ntry>',
  ].map(filled);
}
