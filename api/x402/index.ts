export { acceptPayment, isPaidWithCommit, requirePayment, transactionUnderWay } from './commit';
export { tokenParts, type X402Config } from './config';
export { PaymentError } from './refusal';
export { paymentResponseHeaders } from './response';
