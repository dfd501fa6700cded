/** One HTTP call with a deadline, and the one thing that matters of its failure: whether anything can have left. */

/** Errors of opening a connection: no byte of the request has left this process. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export class CallError extends Error {
  name = 'CallError';

  constructor(message, { status, body, notSent = false } = {}) {
    super(message);
    /** The answer's status; undefined where there was none. */
    this.status = status;
    this.body = body;
    /** True only where the other side provably never saw the request. */
    this.notSent = notSent;
  }
}

/** Answers `{text, json}` of a 2xx; everything else is a `CallError`. */
export async function call(url, { method = 'GET', headers = {}, body, timeoutMs = 10_000 }) {
  let response;
  let text;
  try {
    response = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(timeoutMs) });
    text = await response.text();
  } catch (error) {
    const code = error.cause?.code ?? error.name;
    throw new CallError(`${new URL(url).host}: ${code}`, { notSent: NOT_SENT.has(code) });
  }
  const json = parse(text);
  if (!response.ok) {
    throw new CallError(`${new URL(url).host} answered ${response.status}`, {
      status: response.status,
      body: json,
    });
  }
  if (json === undefined) throw new CallError(`${new URL(url).host} answered something else than JSON`);
  return { text, json };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
