/** The file format of the ACH network: what AURA writes to its bank and reads from it. */
export {
  accountTypeOf,
  readCorrection,
  transactionCodeOf,
  writeCorrection,
  type Correction,
} from './corrections';
export { NachaError } from './error';
export { checkDigit, isRoutingNumber } from './fields';
export {
  alphameric,
  isDebit,
  isForward,
  totalsOf,
  type Addenda,
  type Batch,
  type BatchHeader,
  type Entry,
  type FileHeader,
  type NachaFile,
} from './file';
export { readNacha } from './reader';
export { readRemittance, writeRemittance, type Remittance } from './remittance';
export { writeNacha } from './writer';
