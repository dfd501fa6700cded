/** What the parts of a chain rail share. */
import { isAddress, type Hex, type PrivateKeyAccount } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { isIncoming, type Instruction } from '../../domain/settlement';
import {
  asWalletAccount,
  RailUnreachableError,
  type RailAdapterDeps,
  type TransferAuthorization,
} from '../port';
import { nonceOf, signAuthorization } from './authorization';
import { AnswerLostError } from './http';
import { createReader, type ChainReader, type RawLog } from './reader';
import { createRpc, RpcError } from './rpc';
import { parseToken, type Token } from './token';

export type ChainRail = 'stablecoin' | 'x402';

export interface ChainAdapterDeps extends RailAdapterDeps {
  /** A transaction of AURA's own that has waited so long is replaced, milliseconds; 30,000 by default. */
  stuckAfterMs?: number;
}

export interface ChainContext {
  readonly rail: ChainRail;
  readonly deps: ChainAdapterDeps;
  readonly token: Token;
  /** AURA's wallet. */
  readonly wallet: PrivateKeyAccount;
  readonly reader: ChainReader;
  /** The instruction of a transfer to AURA whose authorization's nonce no mandate names. */
  readonly instructionOfTransfer?: (log: RawLog) => string | undefined;
}

/** Throws where a credential or the token is missing or is none. */
export function createContext(rail: ChainRail, deps: ChainAdapterDeps): ChainContext {
  if (!deps.secret || !/^0x[0-9a-fA-F]{64}$/.test(deps.secret))
    throw new Error(`${rail} pays from a wallet: its private key is needed`);
  if (!deps.token) throw new Error(`${rail} moves a token: its CAIP-19 name is needed`);
  const token = parseToken(deps.token);
  const rpc = createRpc({ url: deps.networkUrl, timeoutMs: deps.timeoutMs });
  return {
    rail,
    deps,
    token,
    wallet: privateKeyToAccount(deps.secret as Hex),
    reader: createReader(rpc, token),
  };
}

/** Whatever fails while nothing has left this process may simply be tried again. */
export async function beforeSending<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RailUnreachableError) throw error;
    throw new RailUnreachableError(`nothing was sent: ${(error as Error).message}`, { cause: error });
  }
}

/** Failures of asking, as against bugs. */
export function isLost(error: unknown): error is AnswerLostError | RpcError {
  return error instanceof AnswerLostError || error instanceof RpcError;
}

/** The authorization that an instruction executes: the payer's own, or one that AURA signs. Rejects when unknown. */
export async function authorizationFor(
  { deps, wallet, token }: ChainContext,
  instruction: Instruction,
): Promise<TransferAuthorization> {
  if (isIncoming(instruction.kind)) {
    const mandate = instruction.debtor.mandate_ref ?? '';
    const given = await deps.directory.authorization(mandate);
    if (!given) throw new Error(`the payer signed nothing for ${mandate}`);
    if ('form' in given) throw new Error(`${mandate} is paid by a token, which is not executed here`);
    return given;
  }
  const { address } = asWalletAccount(await deps.directory.account(instruction.creditor.account_ref));
  if (!isAddress(address, { strict: false })) throw new Error('the account has no wallet address');
  return signAuthorization(token, wallet, {
    from: wallet.address,
    to: address,
    value: instruction.amount_minor,
    validAfter: '0',
    // The token itself refuses it once the instruction has expired.
    validBefore: String(Math.floor(Date.parse(instruction.expires_at) / 1_000)),
    nonce: nonceOf(instruction.instruction_id),
  });
}
