/** What the facilitator remembers: transactions before they are sent, identifiers, tokens and the payments made by them. */
import type { Hex } from 'viem';

/** An EIP-3009 authorization with its signature; amounts in atomic units, times in Unix seconds, all decimal strings. */
export interface SignedAuthorization {
  authorization: {
    from: Hex;
    to: Hex;
    value: string;
    validAfter: string;
    validBefore: string;
    nonce: Hex;
  };
  signature: Hex;
}

export type TransactionState = 'open' | 'succeeded' | 'reverted' | 'dropped';

export interface PreparedTransaction {
  /** The payment it belongs to. */
  key: string;
  hash: Hex;
  raw: Hex;
  /** The facilitator's account nonce. */
  accountNonce: number;
  /** The authorization's payer and nonce: the token takes the pair once. */
  authorizer: string;
  authorizationNonce: string;
}

export interface IssuedToken {
  token: string;
  payer: string;
  payerAddress: Hex;
  amount: string;
  expiresAt: string;
}

export interface TokenPayment {
  paymentId: string;
  idempotencyKey: string;
  token: string;
  amount: string;
  payTo: Hex;
  createdAt: string;
  signed: SignedAuthorization;
}

export type FacilitatorEvent =
  | ({ type: 'prepared'; at: string; never: boolean } & PreparedTransaction)
  | { type: 'ended'; at: string; hash: Hex; state: Exclude<TransactionState, 'open'> }
  | { type: 'identified'; at: string; id: string; key: string }
  | ({ type: 'token_issued'; at: string } & IssuedToken)
  | ({ type: 'payment_made'; at: string } & TokenPayment)
  | { type: 'payment_failed'; at: string; idempotencyKey: string; reason: string };

export interface KnownTransaction extends PreparedTransaction {
  state: TransactionState;
}

export interface FacilitatorBooks {
  apply(event: FacilitatorEvent): void;
  ofPayment(key: string): KnownTransaction | undefined;
  /** The payment that used an authorization. */
  keyOfAuthorization(authorizer: string, nonce: string): string | undefined;
  open(): KnownTransaction[];
  all(): KnownTransaction[];
  keyOfIdentifier(id: string): string | undefined;
  token(token: string): IssuedToken | undefined;
  payment(idempotencyKey: string): TokenPayment | undefined;
  paymentOfToken(token: string): TokenPayment | undefined;
  /** Why a payment failed for good before anything was sent. */
  failureOf(idempotencyKey: string): string | undefined;
}

export function createFacilitatorBooks(): FacilitatorBooks {
  const byKey = new Map<string, KnownTransaction>();
  const byHash = new Map<string, KnownTransaction>();
  const byAuthorization = new Map<string, string>();
  const identifiers = new Map<string, string>();
  const tokens = new Map<string, IssuedToken>();
  const payments = new Map<string, TokenPayment>();
  const paymentsByToken = new Map<string, TokenPayment>();
  const failures = new Map<string, string>();
  const pair = (authorizer: string, nonce: string) => `${authorizer}/${nonce}`.toLowerCase();
  return {
    apply(event) {
      switch (event.type) {
        case 'prepared': {
          const { type: _type, at: _at, never, ...prepared } = event;
          const known: KnownTransaction = { ...prepared, state: never ? 'dropped' : 'open' };
          byKey.set(prepared.key, known);
          byHash.set(prepared.hash, known);
          byAuthorization.set(pair(prepared.authorizer, prepared.authorizationNonce), prepared.key);
          break;
        }
        case 'ended': {
          const known = byHash.get(event.hash);
          if (known) known.state = event.state;
          break;
        }
        case 'identified':
          identifiers.set(event.id, event.key);
          break;
        case 'token_issued':
          tokens.set(event.token, event);
          break;
        case 'payment_made':
          payments.set(event.idempotencyKey, event);
          paymentsByToken.set(event.token, event);
          break;
        case 'payment_failed':
          failures.set(event.idempotencyKey, event.reason);
          break;
      }
    },
    ofPayment: (key) => byKey.get(key),
    keyOfAuthorization: (authorizer, nonce) => byAuthorization.get(pair(authorizer, nonce)),
    open: () => [...byKey.values()].filter(({ state }) => state === 'open'),
    all: () => [...byKey.values()],
    keyOfIdentifier: (id) => identifiers.get(id),
    token: (token) => tokens.get(token),
    payment: (idempotencyKey) => payments.get(idempotencyKey),
    paymentOfToken: (token) => paymentsByToken.get(token),
    failureOf: (idempotencyKey) => failures.get(idempotencyKey),
  };
}
