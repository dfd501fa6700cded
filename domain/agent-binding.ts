/** What a principal signs to let a key act for it. */
import { canonicalJson } from './canonical';
import type { PublicKey } from './keys';

export interface AgentBinding {
  /** The agent's key, base64 of its 32 bytes. */
  publicKey: PublicKey;
  role: 'scout' | 'beacon' | 'operator';
  /** Largest open exposure per asset, decimals. */
  capacity: Readonly<Record<string, string>>;
}

export function agentBindingBytes({ publicKey, role, capacity }: AgentBinding): string {
  return canonicalJson({ type: 'aura.agent-binding.v1', public_key: publicKey, role, capacity });
}
