/** The validator of OpenAPI documents is an ES module, so it runs in a process of its own. */
import { execFileSync } from 'node:child_process';

const SCRIPT = `
import { Validator } from '@seriousme/openapi-schema-validator';
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { valid, errors } = await new Validator().validate(JSON.parse(Buffer.concat(chunks).toString()));
process.stdout.write(JSON.stringify(valid ? [] : errors));
`;

/** What is wrong with an OpenAPI document. */
export function openApiProblems(document: unknown): unknown[] {
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', SCRIPT], {
    input: JSON.stringify(document),
    encoding: 'utf8',
    cwd: process.cwd(),
    timeout: 30_000,
  });
  return JSON.parse(output) as unknown[];
}
