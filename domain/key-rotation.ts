/** What the old and the new key of an agent both sign when the new one takes over. */
import { canonicalJson } from './canonical';
import type { PublicKey } from './keys';

export function keyRotationBytes({ agentId, publicKey }: { agentId: string; publicKey: PublicKey }): string {
  return canonicalJson({ type: 'aura.agent-key-rotation.v1', agent_id: agentId, public_key: publicKey });
}
