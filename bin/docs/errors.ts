import { ERROR_CATALOGUE } from '../../domain/errors';
import { code, page, table } from './markdown';

const EXAMPLE = {
  error: {
    code: 'OFFER_EXPIRED',
    message: 'The offer was valid until 2026-11-21T09:30:00.000Z.',
    details: {},
    request_id: 'req_01K…',
    documentation_url: 'https://…/errors/OFFER_EXPIRED',
  },
};

export function errorsPage(): string {
  const rows = Object.entries(ERROR_CATALOGUE).map(([name, { status, retryable, description }]) => [
    `\`${name}\``,
    String(status),
    retryable ? 'yes' : 'no',
    description,
  ]);
  return page(
    'Errors',
    'domain/errors.ts',
    'Every refusal of the API has this form, and its `code` is one of the table below:',
    code('json', JSON.stringify(EXAMPLE, null, 2)),
    '“Again” says whether the same request may succeed later. Send it again with the same `X-Idempotency-Key`: what was done already is answered from the store and not done twice. The SDK does so by itself, with growing pauses.',
    table(['code', 'HTTP', 'again', 'meaning'], rows),
  );
}
