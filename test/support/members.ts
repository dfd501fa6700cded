/** Agents that joined by protocol 1.0.0, each with its key, API key and secret, and what they may ask for. */
import { newId } from '../../domain/ids';
import type { Signer } from '../../domain/keys';
import type { ApiServer } from './api-server';
import { newSigner, send, type Answer, type Ask } from './signed-requests';

export interface Member {
  id: string;
  apiKey: string;
  apiSecret: string;
  signer: Signer;
}

export async function aScout(server: Pick<ApiServer, 'url'>): Promise<Member> {
  return join(server, 'scout', { agent_name: 'Shopper' });
}

export async function aBeacon(server: Pick<ApiServer, 'url'>): Promise<Member> {
  const merchant = {
    merchant_name: 'Acme',
    merchant_domain: 'acme.example.com',
    categories: ['electronics'],
  };
  return join(server, 'beacon', { agent_name: 'AcmeBeacon', ...merchant });
}

async function join(
  { url }: Pick<ApiServer, 'url'>,
  role: 'scout' | 'beacon',
  said: Record<string, unknown>,
): Promise<Member> {
  const signer = newSigner();
  const body = JSON.stringify({ ...said, public_key: signer.publicKey });
  const { json } = await send(url, { method: 'POST', target: `/v1/agents/${role}s`, body });
  return {
    id: String(json[`${role}_id`]),
    apiKey: String(json.api_key),
    apiSecret: String(json.api_secret),
    signer,
  };
}

/** Needs a signature. */
export const keysOf = ({ id }: Member): Ask => ({ method: 'GET', target: `/v1/agents/${id}/api-keys` });

export const newApiKey = ({ id }: Member, body: Record<string, unknown> = {}): Ask => ({
  method: 'POST',
  target: `/v1/agents/${id}/api-keys`,
  body: JSON.stringify(body),
});

/** The API key alone is enough; there is no such session. */
export const READ_SESSION: Ask = { method: 'GET', target: `/v1/sessions/${newId('session')}` };

export const bearer = (apiKey: string) => ({ authorization: `Bearer ${apiKey}` });

export const refusalOf = ({ status, json }: Answer) => [status, json.error?.code, json.error?.details.reason];
