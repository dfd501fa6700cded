/** Sandbox and live data never meet: a process that finds the other kind of database does not start. */
import type { Deployment } from '../domain/api-keys';
import type { Db } from '../store/db';
import { checkDeployment, claimDeployment, DeploymentError } from '../store/deployment';
import { ConfigError } from './config';

export const deploymentOf = (sandbox: boolean): Deployment => (sandbox ? 'sandbox' : 'live');

/** Throws `ConfigError`, one line. */
export const requireDeployment = (db: Db, sandbox: boolean): Promise<void> =>
  inOneLine(checkDeployment(db, deploymentOf(sandbox)));

/** A new database becomes what it is set up as, and stays so. */
export const becomeDeployment = (db: Db, sandbox: boolean): Promise<void> =>
  inOneLine(claimDeployment(db, deploymentOf(sandbox)));

async function inOneLine(check: Promise<void>): Promise<void> {
  try {
    await check;
  } catch (error) {
    throw error instanceof DeploymentError ? new ConfigError(error.message) : error;
  }
}
