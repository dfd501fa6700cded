/** The workflow code as one script: prebuilt beside this file in a build, else bundled from the sources. */
import { existsSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker';

export const PREBUILT = resolve(__dirname, '..', 'workflow-bundle.js');

export async function workflowBundle(): Promise<WorkflowBundleOption> {
  if (existsSync(PREBUILT)) return { codePath: PREBUILT };
  const entry = join(__dirname, '..', 'workflows', `index${extname(__filename)}`);
  return bundleWorkflowCode({ workflowsPath: entry, logger: silent });
}

const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, log() {} };
