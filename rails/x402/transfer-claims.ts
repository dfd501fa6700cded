/** Which transfer on the chain was counted for which instruction, while this process lives. */
import type { RawLog } from '../chain/reader';

type Place = Pick<RawLog, 'transactionHash' | 'logIndex'>;

export interface TransferClaims {
  instructionOf: (log: Place) => string | undefined;
  claim(log: Place, instructionId: string): void;
}

const MAX_CLAIMS = 20_000;

export function createTransferClaims(): TransferClaims {
  const claims = new Map<string, string>();
  const keyOf = ({ transactionHash, logIndex }: Place) => `${transactionHash}:${Number(logIndex)}`;
  return {
    instructionOf: (log) => claims.get(keyOf(log)),
    claim(log, instructionId) {
      claims.set(keyOf(log), instructionId);
      const [oldest] = claims.keys();
      if (claims.size > MAX_CLAIMS && oldest !== undefined) claims.delete(oldest);
    },
  };
}
