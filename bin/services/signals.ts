import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Keeps these signals from ending the process until it is released, and calls back for the first one. */
export class SignalWatch {
  received: NodeJS.Signals | undefined;
  private readonly listener = (signal: NodeJS.Signals) => {
    // A terminal, npm and bin/run.mjs may all hand on the same Ctrl-C.
    if (this.received !== undefined) return;
    this.received = signal;
    this.onSignal();
  };

  constructor(public onSignal: () => void) {
    for (const signal of SIGNALS) process.on(signal, this.listener);
  }

  release(): void {
    for (const signal of SIGNALS) process.off(signal, this.listener);
  }

  /** The way a shell expects a process to end that was told to. */
  exit(): never {
    process.exit(128 + constants.signals[this.received ?? 'SIGINT']);
  }
}
