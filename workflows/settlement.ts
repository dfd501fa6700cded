/** The part of a deal that talks to the rail: send once, then ask until it is settled or ended. */
import { condition, setHandler, sleep, upsertSearchAttributes } from '@temporalio/workflow';
import type { SettleResult } from '../activities/settle';
import type { RailAnswer, SignedInstruction } from '../domain/settlement';
import { inquire, inquiryDelayMs, local, MAX_INQUIRIES, PATIENT_INQUIRIES, submit } from './activities';
import { inquireAgain, SEARCH_ATTRIBUTES } from './messages';

export async function settlePayIn(
  transactionId: string,
  first: SignedInstruction,
): Promise<'settled' | 'ended'> {
  let again = false;
  setHandler(inquireAgain, () => void (again = true));

  let instruction = first;
  let answer = await submit(instruction);
  let visible = false;
  for (let inquiries = 0; ; inquiries++) {
    const { instruction_id: instructionId } = instruction.instruction;
    const overdue = inquiries > PATIENT_INQUIRIES;
    const isReturn = instruction.instruction.kind === 'return';
    const input = { transactionId, instructionId, answer, overdue };
    const result: SettleResult = isReturn ? await local.settleReturn(input) : await local.settleDeal(input);
    switch (result.next) {
      case 'settled':
        if (visible) show('settled');
        return 'settled';
      case 'ended':
        return 'ended';
      case 'submit':
      case 'send_back':
        instruction = result.instruction;
        inquiries = 0;
        answer = await submit(instruction);
        break;
      case 'inquire':
      case 'operator':
        if (!visible && answer.outcome !== 'pending') show('exception');
        visible ||= answer.outcome !== 'pending';
        answer = await askAgain(instruction, result.next === 'operator' ? MAX_INQUIRIES : inquiries);
        break;
    }
  }

  async function askAgain(about: SignedInstruction, inquiries: number): Promise<RailAnswer> {
    if (inquiries < MAX_INQUIRIES) await sleep(inquiryDelayMs(inquiries));
    else await condition(() => again);
    again = false;
    return inquire(about);
  }
}

function show(clearing: string): void {
  upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.clearingState, value: clearing }]);
}
