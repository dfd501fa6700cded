/** Netting, as members and operators deal with it. */
import type { Send } from './disputes';
import type { NettingCycle, NettingCycleSummary, NettingMembership } from './types';

export class NettingClient {
  constructor(private readonly send: Send) {}

  /** From now on deals with other members wait for the rail's next cut-off. `debitCap` bounds what a cycle may ask. */
  join(input: { rail: string; currency?: string; debitCap?: string }): Promise<NettingMembership> {
    return this.set({ ...input, active: true });
  }

  /** Deals are paid one by one again. Those that wait in a cycle stay in it. */
  leave(input: { rail: string; currency?: string }): Promise<NettingMembership> {
    return this.set({ ...input, active: false });
  }

  async memberships(): Promise<NettingMembership[]> {
    const found = await this.send<{ memberships: NettingMembership[] }>('GET', '/v1/netting/memberships');
    return found.memberships;
  }

  /** Newest first; operators see all, members their own. */
  async cycles(filter: { rail?: string; status?: string } = {}): Promise<NettingCycleSummary[]> {
    const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== undefined));
    const path = `/v1/netting/cycles${query.size > 0 ? `?${query.toString()}` : ''}`;
    return (await this.send<{ cycles: NettingCycleSummary[] }>('GET', path)).cycles;
  }

  cycle(cycleId: string): Promise<NettingCycle> {
    return this.send('GET', `/v1/netting/cycles/${cycleId}`);
  }

  /** Comma-separated values: a line for each position, payment and deal. */
  cycleCsv(cycleId: string): Promise<string> {
    return this.send('GET', `/v1/netting/cycles/${cycleId}?format=csv`);
  }

  private set(input: {
    rail: string;
    currency?: string;
    debitCap?: string;
    active: boolean;
  }): Promise<NettingMembership> {
    const { debitCap, ...rest } = input;
    return this.send('PUT', '/v1/netting/memberships', { ...rest, debit_cap: debitCap });
  }
}
