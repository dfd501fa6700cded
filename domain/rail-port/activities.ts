/** The activities that a rail's worker serves: their names, what they take and answer, and how long they may take. */
import { z } from 'zod';
import { asset, id, instant, line, minor, railName } from './fields';
import { mandateAnswer, mandateRequest, railAnswer, signedInstruction } from './documents';

/** A reading of a statement that AURA plans; the adapter gives it back with the lines. */
export const statementRun = z.object({
  id: id('reconciliation'),
  rail: railName,
  from: instant.describe('The first booking instant that belongs to it.'),
  to: instant.describe('The first that does not.'),
  asset,
  complete: z
    .boolean()
    .describe('Whether the statement has every line of the period; true by default.')
    .optional(),
});

/** A line that came again and says something else than before. The first one stands. */
export const alteredLine = z.object({
  seq: z.string(),
  reference: line(200),
  asset,
  beforeMinor: minor,
  nowMinor: minor,
  fields: z.array(z.string()),
});

export interface ActivityTimes {
  /** One attempt, from when a worker took it. */
  readonly startToClose: string;
  /** All attempts together, waiting for a worker included; unbounded where nothing is said. */
  readonly scheduleToClose?: string;
  readonly heartbeat: string;
  readonly maximumAttempts: number;
}

const CALL: ActivityTimes = {
  startToClose: '30s',
  scheduleToClose: '2m',
  heartbeat: '4s',
  maximumAttempts: 6,
};
const STATEMENT: ActivityTimes = { startToClose: '10m', heartbeat: '10s', maximumAttempts: 10 };

export interface PortActivity {
  readonly input: z.ZodType;
  readonly output: z.ZodType;
  readonly times: ActivityTimes;
  readonly purpose: string;
}

/** One object goes in, one comes out. */
export const PORT_ACTIVITIES = {
  submit: {
    input: z.object({ instruction: signedInstruction }),
    output: railAnswer,
    times: CALL,
    purpose: 'Carries an instruction out, at most once.',
  },
  inquire: {
    input: z.object({ instruction: signedInstruction }),
    output: railAnswer,
    times: CALL,
    purpose: 'Says what became of an instruction, and never sends it.',
  },
  requestMandate: {
    input: mandateRequest,
    output: mandateAnswer,
    times: CALL,
    purpose: 'Asks the payer’s side for payments up to a ceiling. Asked again, it answers how that ended.',
  },
  fetchStatement: {
    input: z.object({ run: statementRun }),
    output: z.object({ lines: z.int().min(0), altered: z.array(alteredLine) }),
    times: STATEMENT,
    purpose: 'Brings the booked lines of AURA’s account in a period to AURA.',
  },
  fetchNotices: {
    input: z.object({ rail: railName }),
    output: z.object({ more: z.boolean().describe('Whether there may be more to fetch at once.') }),
    times: CALL,
    purpose: 'Brings what the rail said of its own accord to AURA: returns, chargebacks, corrections.',
  },
} as const satisfies Record<string, PortActivity>;

export type PortActivityName = keyof typeof PORT_ACTIVITIES;
