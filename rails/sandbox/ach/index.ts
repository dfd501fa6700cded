export { ACH_MAGIC_AMOUNTS, ACH_MISBEHAVIOURS, type AchMisbehaviour, type AchRule } from './misbehaviour';
export { startAchSandbox, type AchSandboxOptions } from './server';
