/** What every kind of agent can do, in the names of protocol 2.2. */
import { VERSION_2 } from '../domain/versions';
import { SignedAgent } from './agent';
import { DisputeClient } from './disputes';
import { NettingClient } from './netting';
import { poll, type PollOptions } from './polling';
import type {
  Accounts,
  Agent,
  Deposit,
  Mandate,
  PaymentAccount,
  Payouts,
  Refund,
  Transaction,
} from './types';

/** A registered agent, and the requests all roles share. Whatever it registered by, its answers have the names of 2.2. */
export class AgentClient extends SignedAgent {
  protected readonly version = VERSION_2;

  /** Disputes of this agent's deals, and of the panels it sits on. */
  get disputes(): DisputeClient {
    return new DisputeClient(
      (...request) => this.request(...request),
      this.agentId,
      () => this.key,
    );
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
  waitFor(
    transactionId: string,
    reached: (transaction: Transaction) => boolean,
    options: PollOptions & { onChange?: (transaction: Transaction) => void } = {},
  ): Promise<Transaction> {
    const { timeoutMs = 60_000, everyMs = 100, signal, onChange } = options;
    let seen = '';
    return poll({
      timeoutMs,
      everyMs,
      signal,
      reached,
      standing: (transaction) => `${transactionId} is still ${stateOf(transaction)}`,
      read: async () => {
        const transaction = await this.transaction(transactionId);
        const state = stateOf(transaction);
        if (state !== seen) onChange?.(transaction);
        seen = state;
        return transaction;
      },
    });
  }
}

function stateOf({ status, clearing_status, status_history }: Transaction): string {
  return `${status}/${clearing_status ?? ''}/${status_history.length}`;
}
