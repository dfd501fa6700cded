/** HTML from templates: whatever is put in is escaped, unless it is HTML already. */

/** Markup that may stand as it is. */
export class Html {
  constructor(readonly markup: string) {}
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

type Part = string | number | Html | readonly Html[];

export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  const markup = strings.map((text, index) => text + (index < parts.length ? marked(parts[index]) : ''));
  return new Html(markup.join(''));
}

function marked(part: Part | undefined): string {
  if (part === undefined) return '';
  if (part instanceof Html) return part.markup;
  if (typeof part === 'object') return part.map(({ markup }) => markup).join('');
  return escape(String(part));
}

/** Nothing from elsewhere, and no script. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const SAFE_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

export interface PageAnswer {
  status: number;
  contentType: string;
  headers: Record<string, string>;
  body: string;
}

/** A page as a route answers it. */
export function pageAnswer(
  { title, body }: { title: string; body: Html },
  headers: Record<string, string> = {},
): PageAnswer {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/docs/assets/page.css" />
      </head>
      <body>
        <nav>
          <a href="/docs">API</a> <a href="/docs/events">Events</a> <a href="/errors">Errors</a>
          <a href="/openapi.json">OpenAPI</a> <a href="/asyncapi.json">AsyncAPI</a>
        </nav>
        ${body}
      </body>
    </html> `;
  return {
    status: 200,
    contentType: 'text/html; charset=utf-8',
    headers: {
      'Content-Security-Policy': PAGE_POLICY,
      'Cache-Control': 'public, max-age=300',
      ...SAFE_HEADERS,
      ...headers,
    },
    body: page.markup,
  };
}

export { SAFE_HEADERS };

/** Whether the client would rather read a page than JSON (RFC 9110, 12.5.1). */
export function prefersHtml(accept: string | undefined): boolean {
  const weight = (type: string): number => {
    for (const range of (accept ?? '').split(',')) {
      const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      if (name !== type) continue;
      const q = parameters.find((parameter) => parameter.startsWith('q='));
      return q === undefined ? 1 : Number(q.slice(2)) || 0;
    }
    return 0;
  };
  return weight('text/html') > weight('application/json');
}
