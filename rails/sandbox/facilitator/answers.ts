/** Sends an answer as badly as was asked for. */
import type { ServerResponse } from 'node:http';
import { HANG_MS } from '../constants';
import { send, sendJson } from '../http';
import type { Behaviour } from './misbehaviour';

export interface Reply {
  status: number;
  body: unknown;
}

/** Whether the facilitator goes silent or fails before it has done anything. */
export function preventsExecution(behaviour: Behaviour | undefined): boolean {
  return behaviour?.kind === 'time_out' || behaviour?.kind === 'fail';
}

export async function transmit(
  reply: Reply,
  behaviour: Behaviour | undefined,
  response: ServerResponse,
  slowAnswerMs: number,
): Promise<void> {
  switch (behaviour?.kind) {
    case 'time_out':
    case 'execute_then_time_out':
      return hang(response);
    case 'execute_then_disconnect':
      return void response.destroy();
    case 'fail':
    case 'execute_then_fail':
      return sendJson(response, 500, { error: 'internal error' });
    case 'garbage':
      return send(response, 200, 'text/html', '<html><body>Service temporarily in maintenance</body></html>');
    case 'slow':
      await new Promise((resolve) => setTimeout(resolve, slowAnswerMs));
      break;
    default:
  }
  sendJson(response, reply.status, reply.body);
}

function hang(response: ServerResponse): void {
  const timer = setTimeout(() => response.destroy(), HANG_MS);
  timer.unref();
  response.once('close', () => clearTimeout(timer));
}
