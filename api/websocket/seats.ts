/** How many WebSockets are open, in all and by agent. */
import { AuraError } from '../../domain/errors';

export interface SeatLimits {
  /** Connections of one agent to one API process. */
  connectionsPerAgent: number;
  /** Connections to one API process. */
  connectionsMax: number;
}

export interface Seats {
  /** Takes one for the agent and answers how to give it back. Throws `RATE_LIMITED` where none is left. */
  take(agentId: string): () => void;
}

export function createSeats({ connectionsPerAgent, connectionsMax }: SeatLimits): Seats {
  const byAgent = new Map<string, number>();
  let taken = 0;
  return {
    take(agentId) {
      const mine = byAgent.get(agentId) ?? 0;
      if (mine >= connectionsPerAgent || taken >= connectionsMax) {
        const reason = `at most ${connectionsPerAgent} connections an agent`;
        throw new AuraError('RATE_LIMITED', 'Too many WebSockets are open.', { reason });
      }
      byAgent.set(agentId, mine + 1);
      taken += 1;
      return () => {
        taken -= 1;
        const left = (byAgent.get(agentId) ?? 1) - 1;
        if (left > 0) byAgent.set(agentId, left);
        else byAgent.delete(agentId);
      };
    },
  };
}
