/** A circuit breaker around a rail: after several failures in a row nothing is tried for a while. */
import { BrokenCircuitError, circuitBreaker, CircuitState, ConsecutiveBreaker, handleType } from 'cockatiel';
import type { RailAnswer } from '../domain/settlement';
import { RailUnreachableError } from './port';

export type BreakerState = 'closed' | 'open' | 'half_open';

export interface Breaker {
  /** Runs the call, or throws `RailUnreachableError` at once while the circuit is open. */
  run<T>(call: () => Promise<T>): Promise<T>;
}

export interface BreakerOptions {
  /** Failures in a row that open the circuit. */
  failures: number;
  /** How long it stays open before one call is let through. */
  openForMs: number;
  onChange: (state: BreakerState) => void;
}

/** An unreached rail counts as a failure, and so does an answer that was lost. */
export function createBreaker({ failures, openForMs, onChange }: BreakerOptions): Breaker {
  const policy = circuitBreaker(
    handleType(RailUnreachableError).orWhenResult((result) => isLost(result)),
    { halfOpenAfter: openForMs, breaker: new ConsecutiveBreaker(failures) },
  );
  policy.onStateChange((state) => {
    if (state === CircuitState.Open) onChange('open');
    if (state === CircuitState.HalfOpen) onChange('half_open');
    if (state === CircuitState.Closed) onChange('closed');
  });
  return {
    async run(call) {
      try {
        return await policy.execute(call);
      } catch (error) {
        if (error instanceof BrokenCircuitError) {
          throw new RailUnreachableError('the rail is out of service: nothing was tried', { cause: error });
        }
        throw error;
      }
    },
  };
}

function isLost(result: unknown): boolean {
  const { outcome } = (result ?? {}) as Partial<RailAnswer>;
  return outcome === 'unknown';
}
