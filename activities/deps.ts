import type { Embedder } from '../domain/embedding';
import type { Interpreter } from '../domain/interpretation';
import type { Signer } from '../domain/keys';
import type { PolicyEngine } from '../domain/policies';
import type { Profiles } from '../domain/profiles';
import type { RailTerms } from '../domain/rail-terms';
import type { Retention } from '../domain/retention';
import type { RailName, SettlementProof } from '../domain/settlement';
import type { Db } from '../store/db';

/** What the clearing worker's activities are built over. */
export interface ActivityDeps {
  db: Db;
  /** AURA's own key. */
  signer: Signer;
  interpreter: Interpreter;
  embedder: Embedder;
  railTerms: Readonly<Record<RailName, RailTerms>>;
  profiles: Profiles;
  policies: PolicyEngine;
  /** Reads a proof's native evidence independently of who brought it, by rail; answers what is wrong with it. */
  readEvidence?: Partial<Record<RailName, (proof: SettlementProof) => Promise<readonly string[]>>>;
  /** How long what is kept for a time is kept instead of as usual. */
  retention?: Retention;
  /** How long a margin call stays open instead of what the profile says. */
  marginCallMs?: number;
}
