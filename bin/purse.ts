/** Means of payment of parties at the sandbox, for every rail: bank accounts with funds, test cards, funded wallets. */
import { randomBytes } from 'node:crypto';
import type { PrivateKeyAccount } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { parseMoney } from '../domain/money';
import { atPar } from '../domain/par';
import { RAIL_TERMS, SANDBOX_USDC } from '../domain/rail-terms';
import type { RailName } from '../domain/settlement';
import { parseToken, signAuthorization } from '../rails/chain';
import type { AgentClient } from '../sdk/client';
import type { Platform } from './platform';

/** Passes the check digit that ACH asks for. */
export const SANDBOX_ROUTING_NUMBER = '021000021';
export const GOOD_CARD = '4242424242424242';
const DAY_MS = 86_400_000;
const ANSWER_TRIES = 100;
const ANSWER_EVERY_MS = 100;

type Where = Pick<Platform, 'sandboxes'>;

export interface Holder {
  rail: RailName;
  holderName: string;
  balanceMinor: bigint;
  accountNumber: string;
  /** For cards: which test card. */
  card?: string;
}

export interface Payer {
  rail: RailName;
  accountId: string;
  accountNumber: string;
  /**
   * An accepted mandate up to the ceiling, a decimal of USD. On a chain it is a signed transfer of exactly that amount,
   * so it is asked for when the total is known.
   */
  mandate(ceiling: string): Promise<string>;
}

/** A funded account of the agent's principal, ready to pay from. */
export async function openPayer(where: Where, agent: AgentClient, holder: Holder): Promise<Payer> {
  const wallet = RAIL_TERMS[holder.rail].accountForm === 'wallet' ? newWallet() : undefined;
  const accountId = await openAccount(where, agent, holder, wallet);
  return {
    rail: holder.rail,
    accountId,
    accountNumber: holder.accountNumber,
    async mandate(ceiling) {
      const authorization = wallet && (await authorize(where, holder.rail, wallet, ceiling));
      const expiresAt = authorization
        ? new Date(Number(authorization.validBefore) * 1_000)
        : new Date(Date.now() + DAY_MS);
      const asked = await agent.requestMandate({ accountId, ceiling, expiresAt, authorization });
      let mandate = asked;
      for (let tries = 0; mandate.status === 'requested' && tries < ANSWER_TRIES; tries++) {
        await new Promise((resolve) => setTimeout(resolve, ANSWER_EVERY_MS));
        mandate = await agent.mandate(asked.mandate_id);
      }
      if (mandate.status !== 'accepted' && mandate.status !== 'action_required') {
        throw new Error(`the mandate on ${holder.rail} is ${mandate.status}: ${mandate.refusal ?? ''}`);
      }
      return mandate.mandate_id;
    },
  };
}

/** An account of the agent's principal to be paid to. */
export async function openPayee(where: Where, agent: AgentClient, holder: Holder): Promise<string> {
  const wallet = RAIL_TERMS[holder.rail].accountForm === 'wallet' ? newWallet() : undefined;
  return openAccount(where, agent, holder, wallet);
}

const newWallet = (): PrivateKeyAccount => privateKeyToAccount(generatePrivateKey());

async function openAccount(
  where: Where,
  agent: AgentClient,
  holder: Holder,
  wallet: PrivateKeyAccount | undefined,
): Promise<string> {
  const { rail, holderName, accountNumber, balanceMinor } = holder;
  if (wallet) {
    const amountMinor = atPar(balanceMinor, 'USD', SANDBOX_USDC).toString();
    await post(`${urlOf(where, 'chain')}/operator/fund`, { address: wallet.address, amountMinor });
    return named(agent, { rail, holderName, address: wallet.address });
  }
  if (rail === 'card') {
    const card = { number: holder.card ?? GOOD_CARD, exp_month: 12, exp_year: 2099, cvc: '123' };
    const key = where.sandboxes.processes.get('card')?.info.publishableKey ?? '';
    const token = (await post(`${urlOf(where, 'card')}/card/tokens`, card, key)) as { id: string };
    return named(agent, { rail, holderName, token: token.id });
  }
  const routingNumber = SANDBOX_ROUTING_NUMBER;
  await post(`${urlOf(where, rail === 'ach' ? 'ach' : 'instant')}/${rail}/operator/accounts`, {
    routingNumber,
    accountNumber,
    holderName,
    balanceMinor: balanceMinor.toString(),
  });
  return named(agent, { rail, holderName, routingNumber, accountNumber });
}

async function named(
  agent: AgentClient,
  account: Parameters<AgentClient['addPaymentAccount']>[0],
): Promise<string> {
  return (await agent.addPaymentAccount(account)).account_id;
}

const VALID_S = 600;

/** The payer's signed transfer of exactly this amount to AURA's wallet at the rail (EIP-3009). */
async function authorize(where: Where, rail: RailName, wallet: PrivateKeyAccount, decimal: string) {
  const { env } = where.sandboxes;
  const payTo = rail === 'x402' ? env.AURA_X402_PAY_TO : env.AURA_STABLECOIN_PAY_TO;
  const { amountMinor } = parseMoney(decimal, 'USD');
  const signed = await signAuthorization(parseToken(SANDBOX_USDC), wallet, {
    from: wallet.address,
    to: (payTo ?? '0x') as `0x${string}`,
    value: atPar(amountMinor, 'USD', SANDBOX_USDC).toString(),
    validAfter: '0',
    validBefore: String(Math.floor(Date.now() / 1_000) + VALID_S),
    nonce: `0x${randomBytes(32).toString('hex')}`,
  });
  return { ...signed };
}

function urlOf({ sandboxes }: Where, family: 'instant' | 'chain' | 'card' | 'ach'): string {
  const running = sandboxes.processes.get(family);
  if (!running) throw new Error(`the sandbox ${family} does not run`);
  return running.url;
}

/** One call to a sandbox's operator, or to a processor as its customer. */
export async function post(url: string, body: unknown, bearer?: string): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${text}`);
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}
