/**
 * Verification of a principal's credentials against a trust framework that is handed in as data. Garbage is refused
 * with a reason; nothing throws.
 */
import { isObject, snapshot, SnapshotError, type Json, type JsonObject } from './snapshot';
import { refused, type CredentialContext, type CredentialVerdict } from './types';
import { verifyVc } from './vc';
import { verifyX509 } from './x509';

export * from './types';
export { principalKeyBinding } from './x509-signature';
export { TRADE_RECORD_TYPE } from './trade-record';

/**
 * Verifies one credential: a W3C VC (the object itself, `{credential: …}`, or their JSON text), or X.509 as
 * `{certificate_chain, key_signature?}`. Numbers must be plain JSON numbers. Async because verifiers may become so.
 */
export async function verifyCredential(
  input: unknown,
  context: CredentialContext,
): Promise<CredentialVerdict> {
  try {
    const copy = snapshot(input);
    if (!isObject(copy)) return refused('malformed', 'a credential is an object');
    return dispatch(copy, context);
  } catch (error) {
    if (error instanceof SnapshotError) return refused(error.kind, error.message);
    return refused('malformed', 'the credential can not be read');
  }
}

function dispatch(input: JsonObject, context: CredentialContext): CredentialVerdict {
  if (input.certificate_chain !== undefined) return verifyX509(input, context);
  const credential = unwrap(input);
  if (credential['@context'] !== undefined) return verifyVc(credential, context);
  return refused('unsupported', 'neither a W3C verifiable credential nor an X.509 certificate_chain');
}

function unwrap(input: JsonObject): JsonObject {
  const inner: Json | undefined = input.credential;
  return input['@context'] === undefined && isObject(inner) ? inner : input;
}
