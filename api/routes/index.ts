/** All routes. The router, the OpenAPI document and the permission tests are made from this table. */
import { openApiDocument } from '../openapi';
import type { Route } from '../route';
import { accountRoutes } from './accounts';
import { agentRoutes } from './agents';
import { offerRoutes } from './offers';
import { paymentRoutes } from './payments';
import { principalRoutes } from './principals';
import { reconciliationRoutes } from './reconciliation';
import { sessionRoutes } from './sessions';
import { systemRoutes } from './system';
import { transactionRoutes } from './transactions';

export function allRoutes(): Route[] {
  const routes: Route[] = [
    ...principalRoutes(),
    ...agentRoutes(),
    ...sessionRoutes(),
    ...offerRoutes(),
    ...transactionRoutes(),
    ...paymentRoutes(),
    ...accountRoutes(),
    ...reconciliationRoutes(),
    ...systemRoutes(() => openApiDocument(routes)),
  ];
  return routes;
}
