/** Transfers of AURA's wallet as statement lines. */
import { isAddressEqual, type PrivateKeyAccount } from 'viem';
import type { StatementLine } from '../../domain/settlement';
import type { ChainRail } from './context';
import type { BlockHead, TokenTransfer } from './reader';
import type { Token } from './token';

export interface LineContext {
  rail: ChainRail;
  token: Token;
  wallet: Pick<PrivateKeyAccount, 'address'>;
}

export const LINE_FORMAT = 'evm:log';

export function lineOf(
  { rail, token, wallet }: LineContext,
  { to, amountMinor, log }: TokenTransfer,
  block: Pick<BlockHead, 'timestamp'>,
  instructionId: string | null,
): StatementLine {
  const bookedAt = new Date(block.timestamp * 1_000).toISOString();
  return {
    rail,
    network: token.network,
    business_date: bookedAt.slice(0, 10),
    reference: log.transactionHash,
    line: Number(log.logIndex).toString(),
    direction: isAddressEqual(to, wallet.address) ? 'credit' : 'debit',
    amount_minor: amountMinor.toString(),
    // Gas is paid in the chain's own coin, never out of the amount.
    fee_minor: '0',
    asset: token.asset,
    instruction_id: instructionId,
    booked_at: bookedAt,
    source_format: LINE_FORMAT,
  };
}
