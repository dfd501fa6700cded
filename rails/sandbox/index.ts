export * from './constants';
export {
  MAGIC_AMOUNTS,
  MISBEHAVIOUR_KINDS,
  type MisbehaviourKind,
  type MisbehaviourRule,
} from './misbehaviour';
export {
  FAMILY_NAMES,
  startFamily,
  type FamilyName,
  type FamilyOptions,
  type RunningFamily,
} from './families';
export { startSandbox, type Sandbox, type SandboxOptions } from './server';
export { spawnSandboxNetwork, type SandboxProcess, type SpawnOptions } from './spawn';
