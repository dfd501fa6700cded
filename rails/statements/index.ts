/** Statement files: camt.053 and camt.054, a card processor's settlement report, and returns of the ACH network. */
import type { FileFormat } from '../../domain/reconciliation/files';
import { readCamt } from './camt';
import { readCardCsv } from './card-csv';
import type { Chunks, FileOf, StatementFileReading } from './file';
import { readNachaReturns } from './nacha-returns';

export type { FileFormat } from '../../domain/reconciliation/files';
export { StatementFileError, type FileLine, type FileProblem, type FileSummary } from './file';

export function readStatementFile(
  source: Chunks,
  { format, ...of }: FileOf & { format: FileFormat },
): StatementFileReading {
  switch (format) {
    case 'camt.053':
    case 'camt.054':
      return readCamt(source, format, of);
    case 'card-csv':
      return readCardCsv(source, of);
    case 'nacha-return':
      return readNachaReturns(source, of);
  }
}
