/** Statement files that finance can take in, as data. Their readers are in `rails/statements`. */
import type { RailName } from '../settlement';

export const FILE_FORMATS = ['camt.053', 'camt.054', 'card-csv', 'nacha-return'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** Which rails a format can be of. */
export const FORMAT_RAILS: Readonly<Record<FileFormat, readonly RailName[]>> = {
  'camt.053': ['rtp', 'fednow', 'ach', 'card'],
  'camt.054': ['rtp', 'fednow', 'ach'],
  'card-csv': ['card'],
  'nacha-return': ['ach'],
};

/** The network that a rail's lines are of where the file does not say: the one its proofs name. */
export const FILE_NETWORKS: Readonly<Partial<Record<RailName, string>>> = {
  rtp: 'TCH',
  fednow: 'FDN',
  card: 'SCP',
  ach: 'FEDACH',
};
