/** Verifying and settling by the reference implementation of x402's `exact` scheme on EVM, over the facilitator's chain. */
import type { PaymentPayload, PaymentRequirements, SettleResponse, VerifyResponse } from '@x402/core/types';
import { ExactEvmScheme } from '@x402/evm/exact/facilitator';
import { encodeFunctionData, getAddress, type Abi, type Hex, type VerifyTypedDataParameters } from 'viem';
import type { FacilitatorBooks, SignedAuthorization } from './books';
import { TOKEN_ABI, type FacilitatorChain } from './chain';
import type { Broadcast } from './sender';
import type { Question } from './wire';

export interface SettleDeps {
  chain: FacilitatorChain;
  books: FacilitatorBooks;
}

export interface SettleOrder {
  key: string;
  payload: PaymentPayload;
  requirements: PaymentRequirements;
  signed: SignedAuthorization;
  broadcast: Broadcast;
  twice: boolean;
}

/** What is wrong with the question as such, before any signature is looked at; by the protocol's names. */
export function questionProblem({ chain }: SettleDeps, question: Question): string | undefined {
  const { x402Version, payload, requirements, signed } = question;
  if (x402Version !== 2 || payload.x402Version !== 2) return 'invalid_x402_version';
  if (requirements.scheme !== 'exact' || payload.accepted.scheme !== 'exact') return 'unsupported_scheme';
  if (requirements.network !== chain.network) return 'invalid_network';
  if (requirements.asset.toLowerCase() !== chain.token.toLowerCase()) return 'invalid_payment_requirements';
  if (!/^0x[0-9a-fA-F]{40}$/.test(requirements.payTo)) return 'invalid_payment_requirements';
  return signed ? undefined : 'invalid_payload';
}

export async function verify(deps: SettleDeps, question: Question): Promise<VerifyResponse> {
  const problem = questionProblem(deps, question);
  if (problem) return { isValid: false, invalidReason: problem };
  const signed = question.signed as SignedAuthorization;
  const scheme = schemeFor(deps, { ...question, signed, broadcast: 'never', twice: false });
  try {
    const answer = await scheme.verify(question.payload, question.requirements);
    return answer.isValid ? answer : { ...answer, invalidReason: await reasonOf(deps, question, answer) };
  } catch {
    return { isValid: false, invalidReason: 'unexpected_verify_error' };
  }
}

/** The one transaction of this payment, made now or made before. */
export async function settle(deps: SettleDeps, order: SettleOrder): Promise<SettleResponse> {
  const { key, payload, requirements, signed } = order;
  const { from, nonce } = signed.authorization;
  const failed = (errorReason: string, transaction = ''): SettleResponse => ({
    success: false,
    errorReason,
    transaction,
    network: requirements.network,
    payer: from,
  });
  const known = deps.books.ofPayment(key);
  if (known?.state === 'dropped') return failed('invalid_transaction_state', known.hash);
  const otherKey = deps.books.keyOfAuthorization(from, nonce);
  if (otherKey !== undefined && otherKey !== key) return failed('invalid_exact_evm_nonce_already_used');
  try {
    const answer = await schemeFor(deps, order).settle(payload, requirements);
    if (answer.success || answer.transaction) return answer;
    return {
      ...answer,
      errorReason: await reasonOf(deps, { ...order }, { invalidReason: answer.errorReason }),
    };
  } catch {
    const made = deps.books.ofPayment(key);
    return made ? failed('settlement_pending', made.hash) : failed('unexpected_settle_error');
  }
}

/**
 * The scheme with a signer for one payment. It remembers the payment's transaction for ever, so that a second settle
 * waits for the first one's receipt instead of sending anything.
 */
function schemeFor({ chain, books }: SettleDeps, order: Omit<SettleOrder, 'payload' | 'requirements'>) {
  const { client } = chain;
  const { from, nonce } = order.signed.authorization;
  return new ExactEvmScheme(
    {
      getAddresses: () => [chain.address],
      readContract: (args) =>
        client.readContract({ ...args, abi: args.abi as Abi, args: args.args as unknown[] }),
      verifyTypedData: (args) => client.verifyTypedData(args as VerifyTypedDataParameters),
      getCode: ({ address }) => client.getCode({ address }),
      writeContract: ({ abi, functionName, args }) =>
        chain.transfer({
          key: order.key,
          authorizer: from,
          authorizationNonce: nonce,
          data: encodeFunctionData({ abi: abi as Abi, functionName, args: [...args] }),
          broadcast: order.broadcast,
          twice: order.twice,
        }),
      sendTransaction: () => Promise.reject(new Error('no smart wallets are deployed here')),
      async waitForTransactionReceipt({ hash }) {
        if (order.broadcast !== 'now') throw new Error('the transaction has not been mined yet');
        const { status, logs } = await chain.receipt(hash);
        return { status, logs: logs as never };
      },
    },
    {
      simulateInSettle: true,
      pendingSettlementStore: {
        get: async () => books.ofPayment(order.key)?.hash,
        set: async () => undefined,
        delete: async () => undefined,
      },
    },
  );
}

/** A failed simulation says little; the token says why. */
async function reasonOf(
  { chain }: SettleDeps,
  { signed, requirements }: { signed?: SignedAuthorization; requirements: PaymentRequirements },
  { invalidReason = 'unexpected_verify_error' }: Pick<VerifyResponse, 'invalidReason'>,
): Promise<string> {
  if (invalidReason !== 'invalid_exact_evm_transaction_simulation_failed' || !signed) return invalidReason;
  const { from, nonce } = signed.authorization;
  const read = { address: chain.token, abi: TOKEN_ABI } as const;
  const [used, balance] = await Promise.all([
    chain.client.readContract({ ...read, functionName: 'authorizationState', args: [from, nonce] }),
    chain.client.readContract({ ...read, functionName: 'balanceOf', args: [from] }),
  ]);
  if (used) return 'invalid_exact_evm_nonce_already_used';
  if (balance < BigInt(requirements.amount)) return 'invalid_exact_evm_insufficient_balance';
  const { name, version } = requirements.extra ?? {};
  if (name !== chain.domain.name) return 'invalid_exact_evm_token_name_mismatch';
  if (version !== chain.domain.version) return 'invalid_exact_evm_token_version_mismatch';
  return invalidReason;
}

/** What the facilitator itself would ask for, for payments that it makes from its own wallets. */
export function requirementsOf(
  chain: FacilitatorChain,
  { amount, payTo }: { amount: string; payTo: Hex },
): PaymentRequirements {
  return {
    scheme: 'exact',
    network: chain.network,
    asset: chain.token,
    amount,
    payTo: getAddress(payTo),
    maxTimeoutSeconds: 600,
    extra: { ...chain.domain },
  };
}
