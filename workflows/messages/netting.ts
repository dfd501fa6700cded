/** What starts the workflows of netting. A cycle's workflow has the cycle's id, a net payment's the payment's. */

export interface NettingInput {
  cycleId: string;
}

export interface NettingDueInput {
  rail: string;
  asset: string;
}

export interface NetPaymentInput {
  paymentId: string;
}
