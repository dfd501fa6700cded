/**
 * How many webhooks may be under way to whom. Agents that did not take their last one, or took it slowly, get one at a
 * time and share a part of all that is under way, so that however many of them there are, nobody else waits for them.
 */

export interface RoomLimits {
  /** To one agent. */
  perAgent: number;
  /** To all agents together that fail or dawdle. */
  trying: number;
}

export interface Rooms {
  /** What is left by agent; who is not in it may be sent `perAgent`. Every call gives other agents that try a turn. */
  left(): Map<string, number>;
  enter(agentId: string): void;
  leave(agentId: string): void;
  /** How the agent took its last one. */
  note(agentId: string, how: 'well' | 'badly'): void;
}

/** More that try are not remembered, and are treated like all others. */
const TRYING_MAX = 10_000;

export function createRooms({ perAgent, trying: tryingMost }: RoomLimits): Rooms {
  const sendingTo = new Map<string, number>();
  const trying = new Set<string>();

  return {
    left() {
      const room = new Map<string, number>();
      let spare = tryingMost;
      for (const [agentId, count] of sendingTo) {
        if (trying.has(agentId)) spare -= count;
        else room.set(agentId, perAgent - count);
      }
      const turns: string[] = [];
      for (const agentId of trying) {
        const isTurn = turns.length < spare && !sendingTo.has(agentId);
        if (isTurn) turns.push(agentId);
        room.set(agentId, isTurn ? 1 : 0);
      }
      // To the end of the line.
      for (const agentId of turns) {
        trying.delete(agentId);
        trying.add(agentId);
      }
      return room;
    },
    enter(agentId) {
      sendingTo.set(agentId, (sendingTo.get(agentId) ?? 0) + 1);
    },
    leave(agentId) {
      const count = (sendingTo.get(agentId) ?? 1) - 1;
      if (count > 0) sendingTo.set(agentId, count);
      else sendingTo.delete(agentId);
    },
    note(agentId, how) {
      if (how === 'well') trying.delete(agentId);
      else if (trying.size < TRYING_MAX) trying.add(agentId);
    },
  };
}
