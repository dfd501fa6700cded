/** x402 version 2 over an EVM chain: a facilitator verifies and settles what was signed, and pays the gas. */
import { beforeSending, createChainAdapter, createContext, refuse, type ChainAdapterDeps } from '../chain';
import { isIncoming, type SignedInstruction } from '../../domain/settlement';
import type { FacilitatorTokenAuthorization, RailAdapter } from '../port';
import { createFacilitatorCarrier } from './carrier';
import { createTokenPayments } from './token-payments';
import { createTransferClaims } from './transfer-claims';

export type X402AdapterDeps = ChainAdapterDeps;

/**
 * `networkUrl` is the chain's JSON-RPC endpoint, `facilitatorUrl` the facilitator's base address, `secret` the private
 * key (hex) of AURA's wallet for this rail, `token` the CAIP-19 name of the token. Throws where one of them is missing.
 * A pay-in by a facilitator's token is paid by the facilitator that its mandate names.
 */
export function createX402Adapter(deps: X402AdapterDeps): RailAdapter {
  const { facilitatorUrl, directory } = deps;
  if (!facilitatorUrl) throw new Error('x402 settles through a facilitator: its address is needed');
  const claims = createTransferClaims();
  const context = { ...createContext('x402', deps), instructionOfTransfer: claims.instructionOf };
  const signedTransfers = createChainAdapter(context, createFacilitatorCarrier(context, facilitatorUrl));
  const tokens = createTokenPayments(context, claims);
  /** The token that the payer gave for this instruction. */
  const tokenFor = async (signed: SignedInstruction): Promise<FacilitatorTokenAuthorization | undefined> => {
    const { kind, debtor } = signed.instruction;
    // What is refused as it stands needs nothing looked up.
    if (!isIncoming(kind) || refuse(context, signed)) return undefined;
    const given = await beforeSending(() => directory.authorization(debtor.mandate_ref ?? ''));
    return given && 'form' in given ? given : undefined;
  };
  return {
    ...signedTransfers,
    async submit(signed, signal) {
      const token = await tokenFor(signed);
      return token ? tokens.submit(signed, token, signal) : signedTransfers.submit(signed, signal);
    },
    async inquire(signed, signal) {
      const token = await tokenFor(signed);
      return token ? tokens.inquire(signed, token, signal) : signedTransfers.inquire(signed, signal);
    },
    async close() {
      await tokens.close();
      await signedTransfers.close();
    },
  };
}
