/** What the API answered instead of what was asked for. */
export class AuraApiError extends Error {
  override name = 'AuraApiError';
  constructor(
    readonly status: number,
    /** A code of the catalogue, see `GET /errors`. */
    readonly code: string,
    message: string,
    readonly details: Readonly<Record<string, unknown>>,
    /** Names the request to whoever runs the clearinghouse. */
    readonly requestId: string,
    /** The pause that the answer asked for, milliseconds. */
    readonly retryAfterMs?: number,
  ) {
    super(`${code}: ${message}`);
  }
}

/** `text` is the answer's body; one that is not the API's own gets the code `UNKNOWN`. */
export function errorFrom(
  { status, statusText, retryAfterMs }: { status: number; statusText: string; retryAfterMs?: number },
  text: string,
): AuraApiError {
  const { code = 'UNKNOWN', message = statusText, details = {}, request_id = '' } = readError(text);
  return new AuraApiError(status, code, message, details, request_id, retryAfterMs);
}

interface ErrorBody {
  code?: string;
  message?: string;
  details?: Record<string, unknown>;
  request_id?: string;
}

function readError(text: string): ErrorBody {
  try {
    return (JSON.parse(text) as { error?: ErrorBody }).error ?? {};
  } catch {
    return {};
  }
}
