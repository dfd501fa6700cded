/** The port every payment rail is reached through. One adapter per rail; each runs as an activity worker of its own. */
import type { AssetCode } from '../domain/money';
import type { PublicKey, Signer } from '../domain/keys';
import type {
  Finality,
  MandateAnswer,
  RailAnswer,
  RailName,
  RailNotice,
  SignedInstruction,
  StatementLine,
} from '../domain/settlement';

export interface RailCapabilities {
  rail: RailName;
  assets: readonly AssetCode[];
  /** Largest single transfer in minor units, per asset. */
  maxAmountMinor: Readonly<Record<AssetCode, bigint>>;
  finality: Finality;
  /** How long after its expiry an instruction may still turn out to have executed, milliseconds. */
  maxDelayMs: number;
  canReverse: boolean;
}

/** A bank account, as the adapter sees it when it builds the network's message. Never part of a workflow payload. */
export interface BankAccount {
  holderName: string;
  routingNumber: string;
  accountNumber: string;
  /** `checking` where nothing is said. */
  accountType?: 'checking' | 'savings';
  /** Whether the holder is a business: decides between the ACH entry classes CCD and PPD. */
  business?: boolean;
  asset: AssetCode;
}

/** A card by the processor's token; a card number never comes here. */
export interface CardAccount {
  holderName: string;
  token: string;
  asset: AssetCode;
}

/** A wallet on the rail's chain. */
export interface WalletAccount {
  holderName: string;
  /** EIP-55 checksummed. */
  address: `0x${string}`;
  asset: AssetCode;
}

export type RailAccount = BankAccount | CardAccount | WalletAccount;

/** The account as one of a bank. Throws where a rail was given another. */
export function asBankAccount(account: RailAccount): BankAccount {
  if ('routingNumber' in account) return account;
  throw new Error('this rail reaches bank accounts only');
}

export function asCardAccount(account: RailAccount): CardAccount {
  if ('token' in account) return account;
  throw new Error('this rail reaches cards only');
}

export function asWalletAccount(account: RailAccount): WalletAccount {
  if ('address' in account) return account;
  throw new Error('this rail reaches wallets only');
}

/** A transfer that the payer signed: EIP-3009 `TransferWithAuthorization`, amounts in the token's atomic units. */
export interface TransferAuthorization {
  from: `0x${string}`;
  to: `0x${string}`;
  value: string;
  /** Unix seconds. */
  validAfter: string;
  validBefore: string;
  /** 32 bytes, hex. */
  nonce: `0x${string}`;
  /** 65 bytes, hex. */
  signature: `0x${string}`;
}

/** A token that a facilitator takes in payment: it pays AURA's wallet for the payer. `amount` in the token's atomic units. */
export interface FacilitatorTokenAuthorization {
  form: 'facilitator_token';
  /** The facilitator's base address. */
  facilitator: string;
  /** As good as money: never logged, never shown. */
  payment_token: string;
  amount: string;
  /** What the facilitator knows the payment by. */
  idempotency_key: string;
}

export interface MandateRequest {
  mandateId: string;
  accountRef: string;
  ceilingMinor: string;
  asset: AssetCode;
  expiresAt: string;
}

/** Resolves references in instructions to what the network needs. Rejects when the reference is unknown. */
export interface PartyDirectory {
  account(accountRef: string): Promise<RailAccount>;
  /** The network's reference of an accepted mandate, with the payer's account. */
  mandate(mandateRef: string): Promise<{ reference: string; account: RailAccount }>;
  /** What the payer signed when it asked for the mandate; undefined where the rail needs no such thing. */
  authorization(
    mandateRef: string,
  ): Promise<TransferAuthorization | FacilitatorTokenAuthorization | undefined>;
  /** The instruction that uses the mandate with this reference of the network, for statements that quote only that. */
  instructionOfMandate(reference: string): Promise<string | undefined>;
  /** A stored instruction by its id, for notices and statements that quote only that. */
  instruction(instructionId: string): Promise<SignedInstruction | undefined>;
  /** Takes over a correction of an account's details that the rail told of. */
  correctAccount(accountRef: string, change: Partial<BankAccount>): Promise<void>;
}

/** A period of booking instants, `from` inclusive, `to` exclusive, RFC 3339 UTC. */
export interface StatementPeriod {
  from: string;
  to: string;
}

export interface RailStatement {
  /** Balances of AURA's settlement account, minor units. */
  openingMinor: bigint;
  closingMinor: bigint;
  asset: AssetCode;
  lines: AsyncIterable<StatementLine>;
}

/**
 * Answers are values. An adapter throws only `RailUnreachableError`, and only when nothing can have been transmitted;
 * whenever something may have left this process, the answer is `unknown`.
 */
export interface RailAdapter {
  readonly capabilities: RailCapabilities;
  requestMandate(request: MandateRequest): Promise<MandateAnswer>;
  submit(signed: SignedInstruction, signal?: AbortSignal): Promise<RailAnswer>;
  inquire(signed: SignedInstruction, signal?: AbortSignal): Promise<RailAnswer>;
  /** Asks for an executed instruction's money back (ISO 20022 camt.056 → camt.029 and pacs.004). */
  reverse(signed: SignedInstruction, signal?: AbortSignal): Promise<RailAnswer>;
  statement(period: StatementPeriod): Promise<RailStatement>;
  /**
   * What the rail has said of its own accord after `cursor` (null: from the beginning), oldest first and at most a few
   * hundred at once. Reading the same again does no harm. Rails that say nothing have no such function.
   */
  notices?(cursor: string | null): Promise<{ notices: RailNotice[]; cursor: string | null }>;
  /** Contests a chargeback before its deadline. The decision comes as a notice. */
  contest?(contest: Contest): Promise<ContestAnswer>;
  close(): Promise<void>;
}

export interface ContestAnswer {
  outcome: 'accepted' | 'rejected' | 'unknown';
  detail: string;
}

export interface Contest {
  /** The network's id of the chargeback's notice. */
  noticeId: string;
  instructionId: string;
  /** Why it is contested, and the SHA-256 of the evidence bundle. */
  statement: string;
  evidenceSha256: string;
}

/** What an entry point hands to the adapter it builds. */
export interface RailAdapterDeps {
  /** The network's base address; for a chain its JSON-RPC endpoint. */
  networkUrl: string;
  /** Signs proofs and notices, and, where a network asks for it, the messages to it. */
  signer: Signer;
  /** The network's key, where it signs its messages: only what it signed is believed. */
  networkKey?: PublicKey;
  /** AURA's key: only what it signed is sent. */
  auraKey: PublicKey;
  /** The adapter's credential at the network: a processor's API key, or the private key (hex) of AURA's wallet. */
  secret?: string;
  /** The facilitator's base address (x402). */
  facilitatorUrl?: string;
  /** The token that a chain rail moves (CAIP-19). */
  token?: AssetCode;
  directory: PartyDirectory;
  clock: () => Date;
  /** For one question with its answer. */
  timeoutMs: number;
  /** See `RailCapabilities`; the rail's terms by default. */
  maxDelayMs?: number;
}

/** The network was not reached: provably nothing was sent, so trying again is safe. */
export class RailUnreachableError extends Error {
  override name = 'RailUnreachableError';
}
