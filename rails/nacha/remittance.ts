/**
 * The addenda 05 of an entry: which instruction it carries out and which transfer it gives back, as X12 TRN segments
 * (`TRN*1*<current>\TRN*2*<referenced>\`, ASC X12, segment TRN). The 15 characters of an entry's own id are too few.
 */
export interface Remittance {
  instructionId: string;
  /** The trace number of the transfer that goes back. */
  returnsReference?: string;
}

export function writeRemittance({ instructionId, returnsReference }: Remittance): string {
  const back = returnsReference === undefined ? '' : `TRN*2*${returnsReference}\\`;
  return `TRN*1*${instructionId}\\${back}`;
}

/** Undefined where the text is not of this form. */
export function readRemittance(information: string): Remittance | undefined {
  const match = /^TRN\*1\*([^*\\]{1,50})\\(?:TRN\*2\*([^*\\]{1,50})\\)?$/.exec(information);
  if (!match?.[1]) return undefined;
  return { instructionId: match[1], ...(match[2] === undefined ? {} : { returnsReference: match[2] }) };
}
