/** A payer's authorization as a mandate: it moves its whole amount, once. */
import type { MandateAnswer } from '../../domain/settlement';
import { canonicalJson } from '../../domain/canonical';
import { asWalletAccount, type MandateRequest } from '../port';
import { beforeSending, isLost, type ChainContext } from './context';
import { authorizationDefect, limitMinor } from './defect';

export async function requestMandate(context: ChainContext, request: MandateRequest): Promise<MandateAnswer> {
  const { deps, token, wallet, reader } = context;
  const { account, authorization } = await beforeSending(async () => ({
    account: asWalletAccount(await deps.directory.account(request.accountRef)),
    authorization: await deps.directory.authorization(request.mandateId),
  }));
  const refuse = (reason: string, detail: string): MandateAnswer => ({ outcome: 'rejected', reason, detail });
  if (request.asset !== token.asset) return refuse('AM03', `${request.asset} is not carried here`);
  const amountMinor = BigInt(request.ceilingMinor);
  if (amountMinor <= 0n || amountMinor > limitMinor(context)) return refuse('AM02', 'outside of the limits');
  if (!authorization) return refuse('AUTHORIZATION_MISSING', 'the payer signed no authorization');
  // Tokens come with a commit, where the facilitator is one of those that are known.
  if ('form' in authorization)
    return refuse('AUTHORIZATION_INVALID', 'a facilitator’s token is given with the commit that it pays for');
  const defect = await authorizationDefect(authorization, {
    token,
    from: account.address,
    to: wallet.address,
    amountMinor,
    nowMs: deps.clock().getTime(),
  });
  if (defect) return refuse(defect.reason, defect.detail);
  try {
    if (await reader.isUsed(authorization)) return refuse('AUTHORIZATION_USED', 'its nonce was used before');
    if ((await reader.balanceMinor(account.address)) < amountMinor)
      return refuse('AM04', 'the wallet holds less than the amount');
  } catch (error) {
    if (isLost(error)) return { outcome: 'unknown', detail: error.message };
    throw error;
  }
  return {
    outcome: 'accepted',
    reference: authorization.nonce,
    evidence: canonicalJson({ ...authorization }),
  };
}
