/** Joining AURA, and what every kind of agent can do. */
import { randomUUID } from 'node:crypto';
import { agentBindingBytes } from '../domain/agent-binding';
import { DisputeClient } from './disputes';
import { call, type HttpOptions, type Request } from './http';
import { newKeyPair, type KeyPair } from './keys';
import { NettingClient } from './netting';
import type {
  Accounts,
  Agent,
  Deposit,
  Mandate,
  PaymentAccount,
  Payouts,
  Principal,
  Refund,
  Transaction,
} from './types';

export interface RegisteredPrincipal extends Principal {
  key: KeyPair;
}

/** Registers a person or firm with its credentials. Without any it stands at L0. */
export async function registerPrincipal(
  http: HttpOptions,
  input: { name?: string; key?: KeyPair; credentials?: unknown[] },
): Promise<RegisteredPrincipal> {
  const key = input.key ?? newKeyPair();
  const principal = await call<Principal>(http, {
    method: 'POST',
    path: '/v1/principals',
    body: { name: input.name, public_key: key.publicKey, credentials: input.credentials ?? [] },
    idempotencyKey: randomUUID(),
  });
  return { ...principal, key };
}

export interface AgentOptions {
  name?: string;
  key?: KeyPair;
  /** Largest open exposure per asset, e.g. `{USD: '5000.00'}`. */
  capacity?: Record<string, string>;
  /** Beacons: what they sell, and where they ship; an empty list ships everywhere. */
  categories?: string[];
  shipsTo?: string[];
}

/** Binds a new agent key to the principal, with the principal's signature. */
export async function registerAgent(
  http: HttpOptions,
  principal: RegisteredPrincipal,
  role: 'scout' | 'beacon',
  { name, key = newKeyPair(), capacity = {}, categories, shipsTo }: AgentOptions = {},
): Promise<{ agent: Agent; key: KeyPair }> {
  const agent = await call<Agent>(http, {
    method: 'POST',
    path: '/v1/agents/register',
    body: {
      public_key: key.publicKey,
      principal_id: principal.principal_id,
      role,
      name,
      capacity,
      categories,
      ships_to: shipsTo,
      principal_signature: principal.key.sign(
        agentBindingBytes({ publicKey: key.publicKey, role, capacity }),
      ),
    },
    signer: { key },
    idempotencyKey: randomUUID(),
  });
  return { agent, key };
}

/** A registered agent: its identity, and the requests all roles share. */
export class AgentClient {
  constructor(
    protected readonly http: HttpOptions,
    readonly agentId: string,
    protected readonly key: KeyPair,
  ) {}

  /** Sends a signed request. Every POST carries an idempotency key, which its retries reuse. */
  protected request<T>(
    method: Request['method'],
    path: string,
    body?: unknown,
    idempotencyKey?: string,
  ): Promise<T> {
    return call<T>(this.http, {
      method,
      path,
      body,
      signer: { agentId: this.agentId, key: this.key },
      idempotencyKey: method === 'POST' ? (idempotencyKey ?? randomUUID()) : undefined,
    });
  }

  /** Disputes of this agent's deals, and of the panels it sits on. */
  get disputes(): DisputeClient {
    return new DisputeClient((...request) => this.request(...request), this.agentId, this.key);
  }

  /** Netting memberships and cycles. */
  get netting(): NettingClient {
    return new NettingClient((...request) => this.request(...request));
  }

  agent(): Promise<Agent> {
    return this.request('GET', `/v1/agents/${this.agentId}`);
  }

  transaction(transactionId: string): Promise<Transaction> {
    return this.request('GET', `/v1/transactions/${transactionId}`);
  }

  accounts(): Promise<Accounts> {
    return this.request('GET', '/v1/accounts');
  }

  /** Names a bank account, a card by the processor's token, or a wallet, as the rail asks for. */
  addPaymentAccount(input: {
    rail: string;
    routingNumber?: string;
    accountNumber?: string;
    accountType?: 'checking' | 'savings';
    business?: boolean;
    token?: string;
    address?: string;
    holderName: string;
    currency?: string;
  }): Promise<PaymentAccount> {
    return this.request('POST', '/v1/payment-accounts', {
      rail: input.rail,
      routing_number: input.routingNumber,
      account_number: input.accountNumber,
      account_type: input.accountType,
      business: input.business,
      token: input.token,
      address: input.address,
      holder_name: input.holderName,
      currency: input.currency ?? 'USD',
    });
  }

  /** Asks the principal's bank for payments up to a ceiling. */
  requestMandate(input: {
    accountId: string;
    ceiling: string;
    expiresAt: Date;
    /** An EIP-3009 transfer that the payer signed, where the rail asks for one. */
    authorization?: Record<string, string>;
  }): Promise<Mandate> {
    return this.request('POST', '/v1/mandates', {
      account_id: input.accountId,
      ceiling: input.ceiling,
      expires_at: input.expiresAt.toISOString(),
      authorization: input.authorization,
    });
  }

  mandate(mandateId: string): Promise<Mandate> {
    return this.request('GET', `/v1/mandates/${mandateId}`);
  }

  deposit(input: { mandateId: string; amount: string; currency?: string }): Promise<Deposit> {
    return this.request('POST', '/v1/accounts/deposits', {
      mandate_id: input.mandateId,
      amount: input.amount,
      currency: input.currency ?? 'USD',
    });
  }

  depositStatus(depositId: string): Promise<Deposit> {
    return this.request('GET', `/v1/accounts/deposits/${depositId}`);
  }

  /** Cancels a deal before fulfilment; for a seller after it, gives all of it back. */
  cancelTransaction(transactionId: string, reason?: string): Promise<Transaction> {
    const query = reason === undefined ? '' : `?${new URLSearchParams({ reason }).toString()}`;
    return this.request('DELETE', `/v1/transactions/${transactionId}${query}`);
  }

  /** Gives the buyer back an amount, or all that is left of the total. */
  refund(transactionId: string, input: { amount?: string; reason: string }): Promise<Refund> {
    return this.request('POST', `/v1/transactions/${transactionId}/refunds`, input);
  }

  /** Contests the chargeback of a deal; the processor's decision shows in the deal later. */
  contestChargeback(
    transactionId: string,
    input: { statement: string; evidenceSha256?: string },
  ): Promise<{ outcome: 'accepted' | 'rejected' | 'unknown'; detail: string }> {
    const { statement, evidenceSha256: evidence_sha256 } = input;
    return this.request('POST', `/v1/transactions/${transactionId}/representments`, {
      statement,
      evidence_sha256,
    });
  }

  /** Has free balance paid out. */
  withdraw(amount: string, currency = 'USD'): Promise<{ status: string }> {
    return this.request('POST', '/v1/accounts/withdrawals', { amount, currency });
  }

  payouts(): Promise<Payouts> {
    return this.request('GET', '/v1/accounts/payouts');
  }

  setPayoutSchedule(payoutSchedule: 'instant' | 'daily' | 'weekly'): Promise<unknown> {
    const body = { payout_schedule: payoutSchedule };
    return this.request('PUT', `/v1/beacons/${this.agentId}/payout-schedule`, body);
  }

  reportDelivery(transactionId: string, evidence: Record<string, unknown> = {}): Promise<Transaction> {
    return this.request('POST', `/v1/transactions/${transactionId}/fulfillment`, {
      status: 'delivered',
      evidence,
    });
  }

  reconciliationReport(
    query: { rail?: string; from?: string; to?: string } = {},
  ): Promise<Record<string, unknown>> {
    const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined));
    return this.request('GET', `/v1/reconciliation/reports${search.size > 0 ? `?${search.toString()}` : ''}`);
  }

  /** Reads the transaction until it is where you want it, or throws after the time. */
  async waitFor(
    transactionId: string,
    reached: (transaction: Transaction) => boolean,
    options: { timeoutMs?: number; everyMs?: number; onChange?: (transaction: Transaction) => void } = {},
  ): Promise<Transaction> {
    const { timeoutMs = 60_000, everyMs = 100, onChange } = options;
    const deadline = Date.now() + timeoutMs;
    let seen = '';
    for (;;) {
      const transaction = await this.transaction(transactionId);
      const state = `${transaction.status}/${transaction.clearing_status ?? ''}/${transaction.status_history.length}`;
      if (state !== seen) onChange?.(transaction);
      seen = state;
      if (reached(transaction)) return transaction;
      if (Date.now() > deadline) throw new Error(`${transactionId} is still ${state} after ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }
}
