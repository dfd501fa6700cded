/** Who is who on the sandbox's chain: accounts of the well-known development mnemonic, which hold play money only. */
import { toHex, type Hex } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';

const MNEMONIC = 'test test test test test test test test test test test junk';

const INDEXES = { deployer: 0, stablecoin: 1, x402: 2, facilitator: 3, operator: 4 } as const;
export type SandboxAccount = keyof typeof INDEXES;

export function sandboxKey(name: SandboxAccount): Hex {
  const { privateKey } = mnemonicToAccount(MNEMONIC, { addressIndex: INDEXES[name] }).getHdKey();
  if (!privateKey) throw new Error('the mnemonic gives no key');
  return toHex(privateKey);
}
