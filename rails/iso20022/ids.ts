/** Identifiers of messages. All are derived from our ids, so that a repeated message is recognised as the same. */
import { createHash } from 'node:crypto';
import { newId } from '../../domain/ids';

/** A UETR (version 4 in shape) that always is the same for an instruction. */
export function uetrOf(instructionId: string): string {
  const bytes = createHash('sha256').update(`aura.uetr.v1:${instructionId}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The message id of the one transfer message of an instruction: at most 35 characters. */
export function transferMessageId(instructionId: string): string {
  return `MSG-${instructionId}`.slice(0, 35);
}

/** A message id that is never used again, for questions. */
export function freshMessageId(): string {
  return newId('request');
}
