/** Whether this database holds play money or real money. It is said once, when the database is set up. */
import type { Deployment } from '../domain/api-keys';
import { rows, type Db } from './db';

export class DeploymentError extends Error {
  override name = 'DeploymentError';
}

/** Says it where nobody has yet, then checks it. */
export async function claimDeployment(db: Db, deployment: Deployment): Promise<void> {
  await db.raw('INSERT INTO deployment (environment) VALUES (?) ON CONFLICT DO NOTHING', [deployment]);
  await checkDeployment(db, deployment);
}

/** Throws `DeploymentError`, one line, where a live process meets a sandbox's database or the other way round. */
export async function checkDeployment(db: Db, deployment: Deployment): Promise<void> {
  const [found] = await rows<{ environment: Deployment }>(db, 'SELECT environment FROM deployment');
  if (found?.environment === deployment) return;
  throw new DeploymentError(
    found
      ? `DATABASE_URL is a ${found.environment} database, and this process is to run ${deployment} (AURA_SANDBOX): sandbox and live data never meet`
      : 'DATABASE_URL is a database that has not been set up: run migrate first',
  );
}
