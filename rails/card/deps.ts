import type { Signer } from '../../domain/keys';
import type { PartyDirectory } from '../port';
import type { ProcessorClient } from './client';

/** What the parts of the adapter work with. */
export interface CardDeps {
  client: ProcessorClient;
  /** Signs proofs and notices. */
  signer: Signer;
  directory: PartyDirectory;
  clock: () => Date;
}
