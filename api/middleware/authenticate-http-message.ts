/** The form of RFC 9421: `Signature-Input` and `Signature`, by a key of whom `keyid` names. */
import { sha256Hex } from '../../domain/canonical';
import type { PublicKey } from '../../domain/keys';
import {
  authorityOf,
  checkHttpSignature,
  HttpSignatureError,
  readHttpSignature,
  verifyHttpSignature,
  type HttpSignature,
} from '../../domain/signatures/http-message';
import {
  asSignedBy,
  signingAgent,
  type AuthDeps,
  type Authenticated,
  type SignedRequest,
} from './authenticate';
import { invalidSignature, unauthenticated } from './refusals';

export async function byHttpMessage(deps: AuthDeps, request: SignedRequest): Promise<Authenticated> {
  const { signer, key, nonce } = await checkHttpMessage(deps.config, request, async (keyId) => {
    const agent = await signingAgent(deps.db, keyId, 'Signature-Input');
    return { signer: agent, keys: agent.signingKeys.map(({ publicKey }) => publicKey) };
  });
  return { agent: asSignedBy(signer, key), nonce };
}

interface Keys<Signer> {
  signer: Signer;
  keys: readonly PublicKey[];
}

/** Says who signed, by which key, and names what was signed: a nonce of a signer counts once. */
export async function checkHttpMessage<Signer>(
  { publicUrl, sandbox }: AuthDeps['config'],
  request: SignedRequest,
  keysOf: (keyId: string) => Promise<Keys<Signer>>,
): Promise<{ signer: Signer; key: PublicKey; nonce: string }> {
  const { headers } = request;
  if (!headers.signature) throw unauthenticated('Signature', 'required');
  if (!headers['signature-input']) throw unauthenticated('Signature-Input', 'required');
  const authority = authorityOf(publicUrl);
  try {
    const read = await readHttpSignature(request, authority);
    checkHttpSignature(read, request, new Date());
    const { signer, keys } = await keysOf(read.keyId);
    const key = keyOf(keys, read) ?? (sandbox ? await bySandboxHost(keys, request) : undefined);
    if (key) return { signer, key, nonce: sha256Hex(`rfc9421\n${read.keyId}\n${read.nonce}`) };
    const details = { field: 'Signature', reason: 'does not verify', authority };
    throw invalidSignature('The signature does not verify.', details);
  } catch (error) {
    if (!(error instanceof HttpSignatureError)) throw error;
    const { field, message: reason } = error;
    throw invalidSignature(`${field}: ${reason}.`, { field, reason });
  }
}

/** A sandbox is reached under names that it does not know of itself, such as localhost. */
async function bySandboxHost(
  keys: readonly PublicKey[],
  request: SignedRequest,
): Promise<PublicKey | undefined> {
  const { host } = request.headers;
  if (!host || !URL.canParse(`http://${host}`)) return undefined;
  return keyOf(keys, await readHttpSignature(request, authorityOf(`http://${host}`)));
}

const keyOf = (keys: readonly PublicKey[], read: HttpSignature): PublicKey | undefined =>
  keys.find((key) => verifyHttpSignature(read, key));
