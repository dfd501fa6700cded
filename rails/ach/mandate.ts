/** A payer's authorization to debit its account, recorded at the bank, which checks that the account is there. */
import type { MandateAnswer } from '../../domain/settlement';
import type { BankAccount, MandateRequest } from '../port';
import { readAnswer, wrapEvidence, type BankRequest, type Exchange } from './client';
import { authorizationAnswer, type AuthorizationRequest } from './wire';

export const AUTHORIZATION_FORMAT = 'ach:authorization.v1';

export function buildAuthorizationRequest(request: MandateRequest, account: BankAccount): BankRequest {
  const body: AuthorizationRequest = {
    routing_number: account.routingNumber,
    account_number: account.accountNumber,
    account_type: account.accountType ?? 'checking',
    ceiling_minor: request.ceilingMinor,
    asset: request.asset,
    expires_at: new Date(request.expiresAt).toISOString(),
  };
  const path = `/authorizations/${encodeURIComponent(request.mandateId)}`;
  return { method: 'PUT', path, body: JSON.stringify(body) };
}

export function mandateAnswer(request: MandateRequest, exchange: Exchange): MandateAnswer {
  if (exchange.kind === 'unknown') return { outcome: 'unknown', detail: exchange.detail };
  const answer = readAnswer(authorizationAnswer, exchange);
  if (answer?.mandate_id !== request.mandateId)
    return { outcome: 'unknown', detail: 'the bank did not answer on this authorization' };
  if (answer.status === 'rejected')
    return { outcome: 'rejected', reason: answer.reason ?? '', detail: answer.detail ?? '' };
  if (!answer.reference) return { outcome: 'unknown', detail: 'an authorization without a reference' };
  const evidence = wrapEvidence(exchange, AUTHORIZATION_FORMAT);
  return { outcome: 'accepted', reference: answer.reference, evidence };
}
