/** The port every payment rail is reached through. One adapter per rail; each runs as an activity worker of its own. */
import type { AssetCode } from '../domain/money';
import type {
  Finality,
  MandateAnswer,
  RailAnswer,
  RailName,
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
  asset: AssetCode;
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
  account(accountRef: string): Promise<BankAccount>;
  /** The network's reference of an accepted request for payment, with the payer's account. */
  mandate(mandateRef: string): Promise<{ reference: string; account: BankAccount }>;
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
  close(): Promise<void>;
}

/** The network was not reached: provably nothing was sent, so trying again is safe. */
export class RailUnreachableError extends Error {
  override name = 'RailUnreachableError';
}
