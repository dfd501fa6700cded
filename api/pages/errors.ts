/** The catalogue of errors for readers: a page for each code, and one for all. */
import { ERROR_CATALOGUE, type ErrorCode } from '../../domain/errors';
import { adviceOn } from './advice';
import { html, pageAnswer, type PageAnswer } from './html';

export interface ErrorEntry {
  code: string;
  status: number;
  description: string;
  retryable: boolean;
  what_to_do: string;
}

export function errorEntry(code: string): ErrorEntry | undefined {
  if (!Object.hasOwn(ERROR_CATALOGUE, code)) return undefined;
  const { status, description, retryable } = ERROR_CATALOGUE[code as ErrorCode];
  return { code, status, description, retryable, what_to_do: adviceOn(code as ErrorCode) };
}

export function errorEntries(): ErrorEntry[] {
  return Object.keys(ERROR_CATALOGUE).flatMap((code) => errorEntry(code) ?? []);
}

const again = ({ retryable }: ErrorEntry): string =>
  retryable ? 'Yes: the same request may succeed later.' : 'No: the same request will be refused again.';

export function errorPage(entry: ErrorEntry): PageAnswer {
  return pageAnswer({
    title: `${entry.code} – AURA`,
    body: html`<main>
      <h1><code>${entry.code}</code></h1>
      <p>${entry.description}</p>
      <dl>
        <dt>HTTP status</dt>
        <dd>${entry.status}</dd>
        <dt>Does trying again help?</dt>
        <dd>${again(entry)}</dd>
        <dt>What to do</dt>
        <dd>${entry.what_to_do}</dd>
      </dl>
    </main>`,
  });
}

export function errorsPage(): PageAnswer {
  const rows = errorEntries().map(
    ({ code, status, description, retryable }) =>
      html`<tr>
        <td>
          <a href="/errors/${code}"><code>${code}</code></a>
        </td>
        <td>${status}</td>
        <td>${retryable ? 'yes' : 'no'}</td>
        <td>${description}</td>
      </tr> `,
  );
  return pageAnswer({
    title: 'Errors – AURA',
    body: html`<main>
      <h1>Errors</h1>
      <p>
        Every refusal has the form
        <code>{"error": {code, message, details, request_id, documentation_url}}</code>.
      </p>
      <table>
        <thead>
          <tr>
            <th>Code</th>
            <th>HTTP</th>
            <th>Again</th>
            <th>Meaning</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </main>`,
  });
}
