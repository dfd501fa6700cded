/** A file that is not as the NACHA format demands. It is refused whole. The message never quotes what the field holds. */
export class NachaError extends Error {
  override name = 'NachaError';
  constructor(
    /** 1-based; 0 where the file as a whole is meant. */
    readonly line: number,
    readonly field: string,
    readonly reason: string,
  ) {
    super(`line ${line}, ${field}: ${reason}`);
  }
}
