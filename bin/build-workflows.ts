/** The last step of `npm run build`: bundles the compiled workflows, so that a worker starts without a bundler. */
import { dirname, extname } from 'node:path';
import { PREBUILT, writeWorkflowBundle } from './workflow-bundle';

async function main(): Promise<void> {
  // From the sources it would land beside them and be taken for current for ever.
  if (extname(__filename) !== '.js') throw new Error('run it from the build: npm run build');
  await writeWorkflowBundle(dirname(PREBUILT));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
