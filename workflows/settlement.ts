/** The part of a deal that talks to the rail: send once, then ask until it is settled or ended. */
import { condition, setHandler, sleep, upsertSearchAttributes } from '@temporalio/workflow';
import type { DealProgress } from '../activities/delivery';
import type { SignedInstruction } from '../domain/settlement';
import { inquire, local, submit } from './activities';
import { operatorDecided, SEARCH_ATTRIBUTES } from './messages';

/** Sends and asks until the payment is over. Answers where the deal stands, as far as settling it has told. */
export async function settlePayIn(
  transactionId: string,
  first: SignedInstruction,
): Promise<DealProgress | undefined> {
  let decided = false;
  setHandler(operatorDecided, () => void (decided = true));

  let instruction = first;
  let answer = await submit(instruction);
  let inquiries = 0;
  let visible = false;
  for (;;) {
    const { instruction_id: instructionId } = instruction.instruction;
    const result = await local.settleDeal({ transactionId, instructionId, answer, inquiries });
    switch (result.next) {
      case 'settled':
        if (visible) show('settled');
        return result.look;
      case 'ended':
        return undefined;
      case 'submit':
        await send(result.instruction);
        break;
      case 'inquire':
        if (result.visible) makeVisible();
        await sleep(result.afterMs);
        await ask();
        break;
      case 'operator':
        makeVisible();
        await obeyOperator(instructionId);
        break;
    }
  }

  async function send(next: SignedInstruction): Promise<void> {
    instruction = next;
    inquiries = 0;
    answer = await submit(next);
  }

  async function ask(): Promise<void> {
    inquiries++;
    answer = await inquire(instruction);
  }

  async function obeyOperator(instructionId: string): Promise<void> {
    for (;;) {
      await condition(() => decided);
      decided = false;
      const decision = await local.takeOperatorDecision({ transactionId, instructionId });
      switch (decision.next) {
        case 'none':
          continue;
        case 'inquire':
          return ask();
        case 'judge':
          ({ answer } = decision);
          return;
        case 'submit':
          return send(decision.instruction);
      }
    }
  }

  function makeVisible(): void {
    if (!visible) show('exception');
    visible = true;
  }
}

function show(clearing: string): void {
  upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.clearingState, value: clearing }]);
}
