import { post } from '../../purse';
import { strong } from '../print';
import { chapter } from '../stage';
import { expectThat, type Scenario } from './scenario';

export const unknownOutcome: Scenario = {
  title: 'The network pays and then never answers',
  rails: ['rtp', 'fednow'],
  pays: ['rtp'],
  async tell(stage) {
    const { say, environment } = stage;
    const { url } = environment.platform.network;
    const chosen = await stage.choose();
    chapter(say, 'The next payment will be executed, and its answer lost');
    await post(`${url}/rtp/operator/misbehaviours`, {
      kind: 'execute_then_time_out',
      on: 'transfer',
      nextCount: 1,
    });
    const deal = await stage.commit(chosen, 'rtp');
    const id = deal.transaction_id;
    await stage.watch(id, ({ clearing_status }) => clearing_status === 'exception');
    const { exceptions } = await stage.operator.exceptions({ transaction_id: id });
    say(`  exception: ${strong(exceptions[0]?.cause ?? '')}, the policy says ${exceptions[0]?.doing ?? ''}`);
    chapter(say, 'Nothing is sent again: an inquiry finds what became of it');
    const settled = await stage.untilCleared(id, 'rtp');
    const executions = await executionsOf(`${url}/rtp`, settled.payment.instruction_id ?? '');
    say(`  the network executed the instruction ${strong(`${executions} time`)}`);
    await stage.ledger(id, 'the deal on the ledger');
    expectThat(settled.clearing_status === 'cleared', `the deal is ${settled.clearing_status}`);
    expectThat(executions === 1, `executed ${executions} times`);
    return { cleared: true, executions, exceptions: exceptions.length };
  },
};

async function executionsOf(networkUrl: string, instructionId: string): Promise<number> {
  const answer = await fetch(`${networkUrl}/operator/transfers?limit=1000`);
  const { transfers } = (await answer.json()) as { transfers: { id: string; bookings: unknown[] }[] };
  return transfers.filter(({ id }) => id === instructionId).flatMap(({ bookings }) => bookings).length;
}
