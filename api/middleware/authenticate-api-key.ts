/** The form of protocol 1.0.0: an API key, and a signature over the request where the route asks for one. */
import { sha256Hex } from '../../domain/canonical';
import { apiKeyHash, readApiKey } from '../../domain/api-keys';
import {
  apiSigningBytes,
  signatureAlgorithm,
  verifyApiHmac,
  verifyApiSignature,
} from '../../domain/signatures/api-key';
import type { PublicKey } from '../../domain/keys';
import { findAgentByApiKey, type KeyedAgent } from '../../store/api-keys';
import type { Scope } from '../route';
import {
  asSignedBy,
  checkFresh,
  type AuthDeps,
  type Authenticated,
  type AuthNeeds,
  type SignedRequest,
} from './authenticate';
import { invalidApiKey, invalidSignature, unauthenticated } from './refusals';

export async function byApiKey(
  deps: AuthDeps,
  request: SignedRequest,
  { keySuffices = false }: AuthNeeds,
): Promise<Authenticated> {
  const found = await agentOfKey(deps, bearerOf(request.headers.authorization));
  const scopes = found.key.scopes as Scope[];
  const { 'x-aura-timestamp': timestamp, 'x-aura-signature': signature } = request.headers;
  if (timestamp === undefined && signature === undefined && keySuffices) {
    return { agent: asSignedBy(found.agent, found.agent.publicKey), scopes };
  }
  if (!signature) throw unauthenticated('X-AURA-Signature', 'required');
  if (!timestamp) throw unauthenticated('X-AURA-Timestamp', 'required');
  checkFresh(timestamp, 'X-AURA-Timestamp', new Date());
  const { by, covered } = checkSignature(deps, found, { ...request, timestamp, signature, keySuffices });
  const { method, body } = request;
  // The same four lines, with the digest for a body, are signed bytes of protocol 2.2: in either form they count once.
  const lines = [by, method, covered, timestamp, sha256Hex(sha256Hex(body))];
  return { agent: asSignedBy(found.agent, by), scopes, nonce: sha256Hex(lines.join('\n')) };
}

function bearerOf(authorization: string | undefined): string {
  const [, apiKey] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
  if (apiKey === undefined) throw unauthenticated('Authorization', 'Bearer and an API key are expected');
  return apiKey;
}

/** The agent whose API key this is; WebSocket clients send it as a query's token. Throws `INVALID_API_KEY`. */
export async function agentOfKey({ db, apiKeys }: AuthDeps, apiKey: string): Promise<KeyedAgent> {
  const form = readApiKey(apiKey);
  if (!form) throw invalidApiKey('not the form of an API key');
  if (form.deployment !== apiKeys.deployment) {
    throw invalidApiKey(
      form.deployment === 'live' ? 'a live key in the sandbox' : 'a test key at a live server',
    );
  }
  const found = await findAgentByApiKey(db, apiKeyHash(apiKey));
  if (!found || found.agent.role !== form.role) throw invalidApiKey('unknown');
  if (found.key.ended) throw invalidApiKey(found.key.ended);
  return found;
}

interface Signed extends SignedRequest {
  timestamp: string;
  signature: string;
  keySuffices: boolean;
}

/** The address as it was signed, and the agent's key it counts for. */
function checkSignature(
  { apiKeys }: AuthDeps,
  { agent, key }: KeyedAgent,
  { method, target, body, timestamp, signature, keySuffices }: Signed,
): { covered: string; by: PublicKey } {
  const algorithm = signatureAlgorithm(signature);
  if (!algorithm) throw wrong('sig_ and base64 of an Ed25519 signature, or of a sandbox client’s HMAC');
  if (algorithm === 'hmac-sha256' && apiKeys.deployment !== 'sandbox') {
    throw wrong('HMAC is accepted in the sandbox only');
  }
  const secret = () => {
    const role = agent.role === 'beacon' ? 'beacon' : 'scout';
    return apiKeys.credentialsOf({ id: key.id, role }).apiSecret;
  };
  const by = (signed: string): PublicKey | undefined => {
    if (algorithm === 'hmac-sha256')
      return verifyApiHmac(signed, signature, secret()) ? agent.publicKey : undefined;
    return agent.signingKeys.find(({ publicKey }) => verifyApiSignature(signed, signature, publicKey))
      ?.publicKey;
  };
  const [path = ''] = target.split('?', 1);
  // The protocol names the path alone. A query that nobody signed may only stand where nothing has to be signed.
  for (const covered of new Set([target, path])) {
    const signed = apiSigningBytes({ method, target: covered, timestamp, body });
    const signer = by(signed);
    if (!signer) continue;
    if (covered === target || keySuffices) return { covered, by: signer };
    throw wrong('the query is not covered: sign PATH?QUERY');
  }
  throw wrong('does not verify');
}

function wrong(reason: string) {
  return invalidSignature(`X-AURA-Signature: ${reason}.`, { field: 'X-AURA-Signature', reason });
}
