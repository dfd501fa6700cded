/** All routes. The router, the OpenAPI document and the permission tests are made from this table. */
import { openApiDocument } from '../openapi';
import type { Route } from '../route';
import { accountRoutes } from './accounts';
import { aftermathRoutes } from './aftermath';
import { agentRoutes } from './agents';
import { disputeRoutes } from './disputes';
import { nettingRoutes } from './netting';
import { exceptionRoutes } from './exceptions';
import { offerRoutes } from './offers';
import { paymentRoutes } from './payments';
import { principalRoutes } from './principals';
import { railRoutes } from './rails';
import { reconciliationRoutes } from './reconciliation';
import { sessionRoutes } from './sessions';
import { systemRoutes } from './system';
import { transactionRoutes } from './transactions';
import { treasuryRoutes } from './treasury';

export function allRoutes(): Route[] {
  const routes: Route[] = [
    ...principalRoutes(),
    ...agentRoutes(),
    ...sessionRoutes(),
    ...offerRoutes(),
    ...transactionRoutes(),
    ...aftermathRoutes(),
    ...exceptionRoutes(),
    ...disputeRoutes(),
    ...paymentRoutes(),
    ...accountRoutes(),
    ...treasuryRoutes(),
    ...nettingRoutes(),
    ...reconciliationRoutes(),
    ...railRoutes(),
    ...systemRoutes(() => openApiDocument(routes)),
  ];
  return routes;
}
