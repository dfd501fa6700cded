/** The port as JSON Schema (draft 2020-12), one file a document, each complete in itself. */
import { z } from 'zod';
import { PORT_ACTIVITIES } from './activities';
import {
  mandateAnswer,
  mandateRequest,
  railAnswer,
  railNotice,
  settlementProof,
  signedInstruction,
  statementLine,
} from './documents';

const DOCUMENTS: Readonly<Record<string, { title: string; schema: z.ZodType }>> = {
  'signed-instruction': { title: 'An instruction, signed by AURA', schema: signedInstruction },
  'rail-answer': { title: 'What a rail knows of an instruction', schema: railAnswer },
  'settlement-proof': { title: 'A proof of settlement, signed by the rail', schema: settlementProof },
  'statement-line': { title: 'A booked line of AURA’s account at the rail', schema: statementLine },
  'rail-notice': { title: 'What a rail says of its own accord, signed by it', schema: railNotice },
  'mandate-request': { title: 'A request for payments up to a ceiling', schema: mandateRequest },
  'mandate-answer': { title: 'The payer’s side’s answer to it', schema: mandateAnswer },
};

/** Every schema by its name, the activities' inputs and outputs as `<activity>.input` and `<activity>.output`. */
export function railPortSchemas(): Record<string, Record<string, unknown>> {
  const activities = Object.entries(PORT_ACTIVITIES).flatMap(([name, { input, output }]) => [
    [`${name}.input`, { title: `What the activity ${name} takes`, schema: input }] as const,
    [`${name}.output`, { title: `What the activity ${name} answers`, schema: output }] as const,
  ]);
  return Object.fromEntries(
    [...Object.entries(DOCUMENTS), ...activities].map(([name, { title, schema }]) => [
      name,
      { title, ...(z.toJSONSchema(schema, { io: 'input' }) as Record<string, unknown>) },
    ]),
  );
}
