import { commitmentHash, type CommitmentInput } from '../../domain/clearing/commitment';

const COMMITMENT: CommitmentInput = {
  transactionId: 'txn_1',
  sessionId: 'ses_1',
  offerId: 'ofr_1',
  offerHash: 'a'.repeat(64),
  scoutId: 'sct_1',
  beaconId: 'bcn_1',
  buyerPrincipalId: 'prn_1',
  sellerPrincipalId: 'prn_2',
  quantity: 1,
  amounts: {
    asset: 'USD',
    subtotalMinor: 9_000n,
    shippingMinor: 500n,
    taxMinor: 500n,
    totalMinor: 10_000n,
    shippingMethod: 'standard',
  },
  feeMinor: 100n,
  rails: ['rtp'],
  consentHash: 'b'.repeat(64),
  profile: { id: 'retail', version: 1 },
};

describe('the commitment hash', () => {
  it('is the same for the same commitment, however it was put together', () => {
    const turned = Object.fromEntries(Object.entries(COMMITMENT).reverse()) as unknown as CommitmentInput;
    expect(commitmentHash(COMMITMENT)).toMatch(/^[0-9a-f]{64}$/);
    expect(commitmentHash(turned)).toBe(commitmentHash(COMMITMENT));
  });

  it('changes with every field', () => {
    const { amounts } = COMMITMENT;
    const changes: Partial<CommitmentInput>[] = [
      { transactionId: 'txn_2' },
      { sessionId: 'ses_2' },
      { offerId: 'ofr_2' },
      { offerHash: 'c'.repeat(64) },
      { scoutId: 'sct_2' },
      { beaconId: 'bcn_2' },
      { buyerPrincipalId: 'prn_3' },
      { sellerPrincipalId: 'prn_3' },
      { quantity: 2 },
      { amounts: { ...amounts, asset: 'EUR' } },
      { amounts: { ...amounts, subtotalMinor: 9_001n } },
      { amounts: { ...amounts, shippingMinor: 501n } },
      { amounts: { ...amounts, taxMinor: 501n } },
      { amounts: { ...amounts, totalMinor: 10_001n } },
      { amounts: { ...amounts, shippingMethod: 'express' } },
      { amounts: { ...amounts, shippingMethod: null } },
      { feeMinor: 101n },
      { rails: ['rtp', 'fednow'] },
      { consentHash: 'd'.repeat(64) },
      { profile: { id: 'services', version: 1 } },
      { profile: { id: 'retail', version: 2 } },
    ];
    const touched = new Set(changes.flatMap((change) => Object.keys(change)));
    expect(touched).toEqual(new Set(Object.keys(COMMITMENT)));
    const hashes = [{}, ...changes].map((change) => commitmentHash({ ...COMMITMENT, ...change }));
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
