/** The last step of `npm run build`: bundles the compiled workflows, so that a worker starts without a bundler. */
import { writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { PREBUILT } from './workflow-bundle';

async function main(): Promise<void> {
  // From the sources it would land beside them and be taken for current for ever.
  if (extname(__filename) !== '.js') throw new Error('run it from the build: npm run build');
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(__dirname, '..', 'workflows', 'index.js'),
  });
  writeFileSync(PREBUILT, code);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
