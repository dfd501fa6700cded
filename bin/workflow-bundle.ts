/** The workflow code as one script: given, prebuilt beside this file in a build, or bundled from the sources. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import {
  bundleWorkflowCode,
  type WorkflowBundleOption,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';

export const PREBUILT = resolve(__dirname, '..', 'workflow-bundle.js');

export async function workflowBundle(given?: string): Promise<WorkflowBundleOption> {
  const codePath = given ?? PREBUILT;
  return given || existsSync(PREBUILT) ? { codePath } : bundle();
}

/** Bundles once for all workers of a local installation. Answers the path. */
export async function writeWorkflowBundle(folder: string): Promise<string> {
  if (existsSync(PREBUILT)) return PREBUILT;
  const path = join(folder, 'workflow-bundle.js');
  const { code } = await bundle();
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, code);
  return path;
}

const workflowFile = (name: string) => join(__dirname, '..', 'workflows', `${name}${extname(__filename)}`);
/** What converts payloads and failures, in workflows and outside. */
export const FAILURE_CONVERTER = workflowFile('payloads');

function bundle(): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: workflowFile('index'),
    payloadConverterPath: workflowFile('payloads'),
    failureConverterPath: workflowFile('payloads'),
    logger: silent,
  });
}

const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, log() {} };
