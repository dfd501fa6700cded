/** `/docs/events`: the channels and messages of the AsyncAPI document, to read. */
import { channels, type Channel } from '../asyncapi';
import type { Message } from '../asyncapi/messages';
import { createSchemaBook, type Json } from '../openapi/schemas';
import { html, pageAnswer, type Html, type PageAnswer } from './html';

const DEPTH_MAX = 3;

export function eventsPage(): PageAnswer {
  return pageAnswer({
    title: 'Events – AURA',
    body: html`<main>
      <h1>Events</h1>
      <p>
        What AURA tells of its own accord, by WebSocket and by webhook. The same for machines:
        <a href="/asyncapi.json">AsyncAPI</a>. Events can also be read with <code>GET /v1/events</code>: see
        <a href="/docs">the API</a>.
      </p>
      ${channels().map(channelSection)}
    </main>`,
  });
}

function channelSection({ id, title, address, description, messages }: Channel): Html {
  return html`<section id="${id}">
    <h2>${title}</h2>
    <p><code>${address ?? "POST to the agent's address"}</code></p>
    <p>${description}</p>
    ${messages.map(messageSection)}
  </section> `;
}

function messageSection({ id, name, summary, schema }: Message): Html {
  const book = createSchemaBook();
  const json = book.schemaOf(schema, 'output');
  const fields = fieldsOf(json, book.named(), '', 0);
  return html`<h3 id="${id}"><code>${name}</code></h3>
    <p>${summary}</p>
    <table>
      <thead>
        <tr>
          <th>Field</th>
          <th>Type</th>
          <th>Meaning</th>
        </tr>
      </thead>
      <tbody>
        ${fields.map(
          ({ path, type, meaning }) =>
            html`<tr>
              <td><code>${path}</code></td>
              <td>${type}</td>
              <td>${meaning}</td>
            </tr> `,
        )}
      </tbody>
    </table> `;
}

interface Field {
  path: string;
  type: string;
  meaning: string;
}

function fieldsOf(schema: Json, named: Record<string, Json>, prefix: string, depth: number): Field[] {
  const { properties = {}, required = [] } = resolve(schema, named) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).flatMap(([name, property]) => {
    const found = resolve(property, named);
    const path = prefix + name;
    const field = {
      path: required.includes(name) ? path : `${path}?`,
      type: typeOf(found, named),
      meaning: typeof found.description === 'string' ? found.description : '',
    };
    return depth < DEPTH_MAX ? [field, ...fieldsOf(found, named, `${path}.`, depth + 1)] : [field];
  });
}

function resolve(schema: Json, named: Record<string, Json>): Json {
  const { $ref: reference, ...rest } = schema;
  if (typeof reference !== 'string') return schema;
  return { ...named[reference.split('/').at(-1) ?? ''], ...rest };
}

function typeOf(schema: Json, named: Record<string, Json>): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => String(value)).join(' | ');
  const options = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(options))
    return options.map((option) => typeOf(resolve(option as Json, named), named)).join(' or ');
  return typeof schema.type === 'string' ? schema.type : 'anything';
}
