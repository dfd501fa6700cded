import type { ClearingState, MarketState } from '../../domain/lifecycle';
import type { HistoryEntry } from '../../store/states';
import type { Deal } from '../../store/transactions';

/** The deal where its history, which was read after it, has brought it: an answer tells of one moment. */
export function asOf(deal: Deal, history: readonly HistoryEntry[]): Deal {
  const last = (region: HistoryEntry['region']) => history.findLast((entry) => entry.region === region);
  const [market, clearing] = [last('market'), last('clearing')];
  return {
    ...deal,
    ...(market && { marketState: market.to as MarketState }),
    ...(clearing && { clearingState: clearing.to as ClearingState, updatedAt: later(deal, clearing.at) }),
  };
}

const later = ({ updatedAt }: Deal, at: Date) => (at > updatedAt ? at : updatedAt);
