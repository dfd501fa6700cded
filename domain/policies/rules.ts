import { BEACON_RULES } from './beacon-rules';
import { SCOUT_RULES } from './scout-rules';

/**
 * The rules that give the declared policies their meaning. `@field` is the protocol's name of what was declared, `@side`
 * whose it is; `@id` is unique. What is not forbidden is permitted.
 */
export const POLICY_RULES = `
@id("permit_by_default")
permit (principal, action, resource);
${SCOUT_RULES}${BEACON_RULES}`;
