export * from './constants';
export {
  MAGIC_AMOUNTS,
  MISBEHAVIOUR_KINDS,
  type MisbehaviourKind,
  type MisbehaviourRule,
} from './misbehaviour';
export { startSandbox, type Sandbox, type SandboxOptions } from './server';
export { spawnSandboxNetwork, type SandboxProcess, type SpawnOptions } from './spawn';
