/** Reads a request body: bounded, UTF-8, and JSON whose decimals stay exactly as they stand. */
import type { IncomingMessage } from 'node:http';
import { parse as parseJson } from 'lossless-json';
import getRawBody from 'raw-body';
import { AuraError } from '../../domain/errors';
import type { SignedRequest } from './authenticate';

const MAX_BYTES = 1_048_576;
const MAX_DEPTH = 64;

export async function readBody(request: IncomingMessage): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await getRawBody(request, { limit: MAX_BYTES, length: request.headers['content-length'] });
  } catch (error) {
    if (isTooLarge(error)) throw new AuraError('PAYLOAD_TOO_LARGE', undefined, { limit_bytes: MAX_BYTES });
    throw new AuraError('INVALID_REQUEST', 'The request body could not be read.');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new AuraError('INVALID_REQUEST', 'The request body is not UTF-8.', {
      field: 'body',
      reason: 'encoding',
    });
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'type' in error && error.type === 'entity.too.large';
}

/**
 * JSON with numbers kept exact: small integers are numbers, everything else the digits as text. A key that appears
 * twice is refused, since two readers could disagree on what was signed.
 */
export function parseBody(text: string): unknown {
  if (depthOf(text) > MAX_DEPTH) throw malformed(`nested deeper than ${MAX_DEPTH}`);
  try {
    return parseJson(text, undefined, { parseNumber: exactNumber, onDuplicateKey: refuseDuplicate });
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : 'not JSON');
  }
}

function exactNumber(digits: string): number | string {
  return /^-?\d{1,15}$/.test(digits) ? Number(digits) : digits;
}

function refuseDuplicate({ key }: { key: string }): never {
  throw new SyntaxError(`the key "${key}" appears twice`);
}

function malformed(reason: string): AuraError {
  return new AuraError('INVALID_REQUEST', 'The request body is not valid JSON.', { field: 'body', reason });
}

/** The body of a request that has to say that it is JSON. */
export function readJson({ headers, body }: Pick<SignedRequest, 'headers' | 'body'>): unknown {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = headers;
  const refuse = (field: string, reason: string) => {
    throw new AuraError('UNSUPPORTED_MEDIA_TYPE', undefined, { field, reason });
  };
  if (body !== '') {
    const [media = '', ...parameters] = type.toLowerCase().split(';');
    const charset = /^\s*charset\s*=\s*"?([^\s"]*)/;
    const named = parameters.map((parameter) => charset.exec(parameter)?.[1]).find((name) => name);
    if (!/^application\/([\w.+-]+\+)?json$/.test(media.trim())) refuse('Content-Type', 'application/json');
    if (named !== undefined && named !== 'utf-8' && named !== 'utf8') refuse('Content-Type', 'UTF-8');
    if (encoding.toLowerCase() !== 'identity') refuse('Content-Encoding', 'identity');
  }
  return parseBody(body);
}

/** Nesting depth outside of strings, found without recursion. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (inString) {
      if (char === '\\') index++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') deepest = Math.max(deepest, ++depth);
    else if (char === '}' || char === ']') depth--;
  }
  return deepest;
}
