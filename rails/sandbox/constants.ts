/** Numbers that the sandbox networks and their users must agree on. */
/** What AURA's settlement account at each network opens with: 10,000,000.00 USD. The ledger opens with the same. */
export const SANDBOX_OPENING_BALANCE_MINOR = 1_000_000_000n;
/** The largest message that a network reads. */
export const MAX_REQUEST_BYTES = 256 * 1024;
/** How long a network that will never answer holds the connection before it cuts it. */
export const HANG_MS = 60_000;
/** How long a slow answer takes, unless the operator says otherwise. */
export const SLOW_ANSWER_MS = 1_500;
/** A message of the future is refused beyond this difference of clocks: it would outlive the window by as much. */
export const MAX_CLOCK_SKEW_MS = 5_000;
