/** EIP-3009 transfers by authorization: signing, checking, encoding, and the nonces that bind them to instructions. */
import {
  encodeFunctionData,
  hashTypedData,
  isAddress,
  isAddressEqual,
  isHex,
  keccak256,
  parseSignature,
  recoverAddress,
  size,
  slice,
  toHex,
  type Address,
  type Hex,
  type PrivateKeyAccount,
} from 'viem';
import { isId } from '../../domain/ids';
import type { TransferAuthorization } from '../port';
import { domainOf, TOKEN_ABI, type Token } from './token';

export type UnsignedAuthorization = Omit<TransferAuthorization, 'signature'>;

export const TRANSFER_TYPES = {
  TransferWithAuthorization: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'validAfter', type: 'uint256' },
    { name: 'validBefore', type: 'uint256' },
    { name: 'nonce', type: 'bytes32' },
  ],
} as const;

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BITS_PER_DIGIT = 5n;
const ULID_DIGITS = 26;

/**
 * The nonce of AURA's own authorization for an instruction. The token takes each nonce once, so an instruction executes
 * at most once however often it is sent. It is the first half of the id's Keccak-256 followed by the 16 bytes of its
 * ULID, so that a statement can tell the instruction from the nonce alone.
 */
export function nonceOf(instructionId: string): Hex {
  if (!isId('instruction', instructionId)) throw new Error('not an instruction id');
  const ulid = [...instructionId.slice('ins_'.length)].reduce(
    (value, digit) => (value << BITS_PER_DIGIT) | BigInt(CROCKFORD.indexOf(digit)),
    0n,
  );
  return `${checksumOf(instructionId)}${toHex(ulid, { size: 16 }).slice(2)}`;
}

/** The instruction whose nonce this is, if it is one of ours. */
export function instructionOfNonce(nonce: Hex): string | undefined {
  if (size(nonce) !== 32) return undefined;
  let rest = BigInt(slice(nonce, 16));
  let ulid = '';
  for (let digit = 0; digit < ULID_DIGITS; digit += 1) {
    ulid = `${CROCKFORD[Number(rest & 31n)]}${ulid}`;
    rest >>= BITS_PER_DIGIT;
  }
  const id = `ins_${ulid}`;
  return isId('instruction', id) && checksumOf(id) === slice(nonce, 0, 16).toLowerCase() ? id : undefined;
}

function checksumOf(instructionId: string): Hex {
  return slice(keccak256(toHex(instructionId)), 0, 16);
}

export async function signAuthorization(
  token: Token,
  account: PrivateKeyAccount,
  unsigned: UnsignedAuthorization,
): Promise<TransferAuthorization> {
  return { ...unsigned, signature: await account.sign({ hash: digestOf(token, unsigned) }) };
}

/** Whether `from` signed it. An authorization that cannot be read is just not signed. */
export async function isSignedByPayer(token: Token, authorization: TransferAuthorization): Promise<boolean> {
  if (!isWellFormed(authorization)) return false;
  try {
    const signer = await recoverAddress({
      hash: digestOf(token, authorization),
      signature: authorization.signature,
    });
    return isAddressEqual(signer, authorization.from);
  } catch {
    return false;
  }
}

const UINT256 = /^(0|[1-9]\d{0,77})$/;

export function isWellFormed(given: TransferAuthorization): boolean {
  const { from, to, value, validAfter, validBefore, nonce, signature } = given;
  return (
    isAddress(from, { strict: false }) &&
    isAddress(to, { strict: false }) &&
    [value, validAfter, validBefore].every((number) => UINT256.test(number)) &&
    isHex(nonce) &&
    size(nonce) === 32 &&
    isHex(signature) &&
    size(signature) === 65
  );
}

function messageOf({ from, to, value, validAfter, validBefore, nonce }: UnsignedAuthorization) {
  return {
    from,
    to,
    value: BigInt(value),
    validAfter: BigInt(validAfter),
    validBefore: BigInt(validBefore),
    nonce,
  };
}

function digestOf(token: Token, unsigned: UnsignedAuthorization): Hex {
  return hashTypedData({
    domain: domainOf(token),
    types: TRANSFER_TYPES,
    primaryType: 'TransferWithAuthorization',
    message: messageOf(unsigned),
  });
}

/** The call that carries it out, whoever sends it. */
export function transferCall(authorization: TransferAuthorization): Hex {
  const { from, to, value, validAfter, validBefore, nonce } = messageOf(authorization);
  const { r, s, yParity } = parseSignature(authorization.signature);
  return encodeFunctionData({
    abi: TOKEN_ABI,
    functionName: 'transferWithAuthorization',
    args: [from, to, value, validAfter, validBefore, nonce, 27 + yParity, r, s],
  });
}

/** A payer's authorization and its nonce: the pair that the token takes once. */
export interface AuthorizationKey {
  from: Address;
  nonce: Hex;
}
