export function processToken(pid?: number): string;
export function pidOf(token: string): number;
export function isAlive(token: string): boolean;
export function acquireLock(
  file: string,
  onWait?: (holderPid: number, waitedMs: number) => void,
): Promise<() => void>;
