import type { Embedder } from '../domain/embedding';
import type { Interpreter } from '../domain/interpretation';
import type { Signer } from '../domain/keys';
import type { RailTerms } from '../domain/rail-terms';
import type { RailName } from '../domain/settlement';
import type { Db } from '../store/db';

/** What the clearing worker's activities are built over. */
export interface ActivityDeps {
  db: Db;
  /** AURA's own key. */
  signer: Signer;
  interpreter: Interpreter;
  embedder: Embedder;
  railTerms: Readonly<Record<RailName, RailTerms>>;
  /** How long a margin call stays open instead of what the profile says. */
  marginCallMs?: number;
}
