/**
 * Lints texts as if they stood in the given files, by the repository's own configuration: [{filePath, code}] on
 * standard input, a list of rule ids for each on standard output. A process of its own, because the configuration is
 * an ES module, which jest cannot load.
 */
import { readFileSync } from 'node:fs';
import { ESLint } from 'eslint';

const eslint = new ESLint();
const found = [];
for (const { filePath, code } of JSON.parse(readFileSync(0, 'utf8'))) {
  // Rules that need types look the file up in the project, so it has to be one that exists. The text then stands there
  // for the rest of the run: no case may import a file that another case stands in.
  if (!readFileSync(filePath)) throw new Error(`there is no ${filePath}`);
  const [result] = await eslint.lintText(code, { filePath });
  found.push(result.messages.map(({ ruleId, message }) => ruleId ?? message));
}
console.log(JSON.stringify(found));
