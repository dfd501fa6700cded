/** All routes. The router, the OpenAPI document and the permission tests are made from this table. */
import { openApiDocument } from '../openapi';
import type { Route } from '../route';
import { accountRoutes } from './accounts';
import { aftermathRoutes } from './aftermath';
import { agentEndpointRoutes } from './agent-endpoints';
import { agentKeyRoutes } from './agent-keys';
import { agentRoutes } from './agents';
import { apiKeyRoutes } from './api-keys';
import { disputeRoutes } from './disputes';
import { eventRoutes } from './events';
import { keyRoutes } from './keys';
import { nettingRoutes } from './netting';
import { exceptionRoutes } from './exceptions';
import { offerRoutes } from './offers';
import { paymentCapabilityRoutes } from './payment-capabilities';
import { paymentRoutes } from './payments';
import { operatorPolicyRoutes } from './operator-policies';
import { policyRoutes } from './policies';
import { principalRoutes } from './principals';
import { railRoutes } from './rails';
import { registrationRoutes } from './registration';
import { reconciliationRoutes } from './reconciliation';
import { sessionRoutes } from './sessions';
import { systemRoutes } from './system';
import { transactionRoutes } from './transactions';
import { treasuryRoutes } from './treasury';
import { vettingRoutes } from './vetting';
import { webhookRoutes } from './webhooks';

export function allRoutes(): Route[] {
  const routes: Route[] = [
    ...principalRoutes(),
    ...registrationRoutes(),
    ...agentRoutes(),
    ...agentKeyRoutes(),
    ...apiKeyRoutes(),
    ...agentEndpointRoutes(),
    ...vettingRoutes(),
    ...policyRoutes(),
    ...operatorPolicyRoutes(),
    ...sessionRoutes(),
    ...offerRoutes(),
    ...transactionRoutes(),
    ...aftermathRoutes(),
    ...exceptionRoutes(),
    ...disputeRoutes(),
    ...paymentCapabilityRoutes(),
    ...paymentRoutes(),
    ...accountRoutes(),
    ...treasuryRoutes(),
    ...nettingRoutes(),
    ...reconciliationRoutes(),
    ...railRoutes(),
    ...eventRoutes(),
    ...webhookRoutes(),
    ...keyRoutes(),
    ...systemRoutes(() => openApiDocument(routes)),
  ];
  return routes;
}
