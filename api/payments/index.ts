export { admitPayment, meansOfPayment, paymentWishes, type Means } from './commit';
export { provisionSandboxAccounts } from './sandbox-accounts';
export type { SandboxWallets } from './wallets';
