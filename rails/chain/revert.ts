/** Why the token would refuse a transfer, as a code. */
import type { Defect } from './defect';
import type { RpcError } from './rpc';

const REASONS: readonly [RegExp, string][] = [
  [/exceeds balance|insufficient (token )?balance/i, 'AM04'],
  [/blacklisted/i, 'AC06'],
  [/is used or canceled/i, 'AUTHORIZATION_USED'],
  [/is expired/i, 'AUTHORIZATION_EXPIRED'],
  [/not yet valid/i, 'AUTHORIZATION_EARLY'],
  [/invalid signature/i, 'AUTHORIZATION_FORGED'],
];

/** JSON-RPC code of an execution that reverted (geth, anvil). */
const REVERTED = 3;

/** Undefined where the node's refusal is no revert of the token. */
export function revertOf(error: RpcError): Defect | undefined {
  if (error.code !== REVERTED && !/revert/i.test(error.message)) return undefined;
  const reason = REASONS.find(([pattern]) => pattern.test(error.message))?.[1] ?? 'REVERTED';
  return { reason, detail: error.message.slice(0, 200) };
}
