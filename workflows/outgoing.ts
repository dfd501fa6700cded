/** Sends an instruction that is no deal's pay-in and asks until it has ended; an operator helps where asking does not. */
import { condition, setHandler, sleep, workflowInfo } from '@temporalio/workflow';
import type { Asked, Outgoing } from '../activities/outgoing';
import type { SignedInstruction } from '../domain/settlement';
import { inquire, local, submit } from './activities';
import { operatorDecided } from './messages';

export async function carryOut(
  subjectId: string,
  first: SignedInstruction,
  settle: (asked: Asked) => Promise<Outgoing>,
): Promise<string> {
  const { workflowId } = workflowInfo();
  let decided = false;
  setHandler(operatorDecided, () => void (decided = true));

  let instruction = first;
  let answer = await submit(instruction);
  for (let inquiries = 0; ; inquiries++) {
    const { instruction_id: instructionId } = instruction.instruction;
    const result = await settle({ workflowId, instructionId, answer, inquiries });
    switch (result.next) {
      case 'done':
        return result.status;
      case 'submit':
        instruction = result.instruction;
        inquiries = -1;
        answer = await submit(instruction);
        break;
      case 'inquire':
        await sleep(result.afterMs);
        answer = await inquire(instruction);
        break;
      case 'operator': {
        await condition(() => decided);
        decided = false;
        const word = await local.takeDecisionAbout({ subjectId });
        answer = word.answer ?? (await inquire(instruction));
        break;
      }
    }
  }
}
