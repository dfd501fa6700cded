import { writeNacha, type NachaFile } from '../../rails/nacha';

/** A return file of the ACH network: the debit with this trace comes back, 100.00 for want of funds. */
export function aReturnFile(originalTrace: string): string {
  const file: NachaFile = {
    header: {
      immediateDestination: '021000021',
      immediateOrigin: '061000052',
      creationDate: '2026-05-05',
      creationTime: '09:00',
      fileIdModifier: 'A',
      destinationName: 'AURA BANK',
      originName: 'ACH OPERATOR',
      referenceCode: '',
    },
    batches: [
      {
        header: {
          serviceClass: '200',
          companyName: 'AURA',
          companyDiscretionaryData: '',
          companyId: '1234567890',
          entryClass: 'PPD',
          entryDescription: 'RETURN',
          descriptiveDate: '',
          effectiveEntryDate: '2026-05-05',
          settlementDay: '126',
          originatingBank: '02100002',
          batchNumber: 1,
        },
        entries: [
          {
            transactionCode: '26',
            receivingRouting: '021000021',
            accountNumber: '1000000001',
            amountMinor: 10_000n,
            individualId: '',
            individualName: 'JANE DOE',
            discretionaryData: '',
            trace: '021000020000001',
            addenda: {
              type: '99',
              returnCode: 'R01',
              originalTrace,
              dateOfDeath: '',
              originalReceivingBank: '02100002',
              information: '',
            },
          },
        ],
      },
    ],
  };
  return writeNacha(file);
}
