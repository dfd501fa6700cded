/**
 * Evidence of a settlement on a chain: canonical JSON `{format, network, token, block, confirmations, log, receipt}` with
 * receipt and log as the node gave them (Ethereum JSON-RPC). Anyone with a node of the chain can read them again.
 */
import { isAddressEqual, type Address, type Hex } from 'viem';
import { canonicalJson, sha256Hex } from '../../domain/canonical';
import type { Signer } from '../../domain/keys';
import type { AssetCode } from '../../domain/money';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { signProof, type Instruction, type RailName, type SettlementProof } from '../../domain/settlement';
import { AnswerLostError } from './http';
import type { Finding } from './find';
import {
  addressIn,
  CONFIRMATIONS,
  confirmationsOf,
  createReader,
  transferOf,
  USED_TOPIC,
  type BlockHead,
  type RawLog,
  type RawReceipt,
} from './reader';
import { createRpc, RpcError, type Rpc } from './rpc';
import { parseToken, type Token } from './token';
import { RailUnreachableError } from '../port';

export interface ChainEvidence {
  format: string;
  network: string;
  token: string;
  block: BlockHead;
  confirmations: number;
  log: RawLog;
  receipt: RawReceipt;
}

export const EVIDENCE_FORMATS: Readonly<Partial<Record<RailName, string>>> = {
  stablecoin: 'evm:receipt',
  x402: 'x402:v2+evm:receipt',
};

export interface ProveDeps {
  rail: 'stablecoin' | 'x402';
  token: Token;
  signer: Signer;
}

/** Amount, reference and dates are the chain's, never copied from the instruction. */
export function proveSettlement(
  { rail, token, signer }: ProveDeps,
  instruction: Instruction,
  found: Extract<Finding, { state: 'used' }>,
): SettlementProof {
  const { block, confirmations, receipt, transfer } = found;
  const format = EVIDENCE_FORMATS[rail] ?? rail;
  const content: ChainEvidence = {
    format,
    network: token.network,
    token: token.asset,
    block,
    confirmations,
    log: transfer.log,
    receipt,
  };
  const evidence = canonicalJson(content);
  const executedAt = new Date(block.timestamp * 1_000).toISOString();
  return signProof(
    {
      type: 'aura.settlement-proof.v1',
      rail,
      network: token.network,
      instruction_id: instruction.instruction_id,
      commitment_hash: instruction.commitment_hash,
      amount_minor: transfer.amountMinor.toString(),
      asset: token.asset,
      reference: receipt.transactionHash,
      line: Number(transfer.log.logIndex).toString(),
      business_date: executedAt.slice(0, 10),
      finality: RAIL_TERMS[rail].finality,
      executed_at: executedAt,
      evidence_format: format,
      evidence_sha256: sha256Hex(evidence),
    },
    evidence,
    signer,
  );
}

/** What is wrong with a proof's evidence in itself, without asking any node. Empty when it is fine. */
export function evidenceProblems(proof: SettlementProof, asset: AssetCode): string[] {
  const { statement } = proof;
  const evidence = readEvidence(proof.evidence);
  if (!evidence) return ['the evidence cannot be read'];
  const { block, log, receipt, confirmations } = evidence;
  const token = parseToken(asset);
  const transfer = transferOf(log);
  const executedAt = new Date(block.timestamp * 1_000).toISOString();
  const checks: [boolean, string][] = [
    [sha256Hex(proof.evidence) === statement.evidence_sha256, 'the evidence is not the one stated'],
    [evidence.format === statement.evidence_format, 'the evidence has another format'],
    [statement.network === token.network && evidence.network === token.network, 'another network'],
    [statement.asset === asset && evidence.token === asset, 'another token'],
    [isAddressEqual(log.address, token.address), 'the log is of another contract'],
    [receipt.status === '0x1', 'the transaction failed'],
    [receipt.transactionHash === statement.reference, 'the receipt is of another transaction'],
    [log.transactionHash === statement.reference, 'the log is of another transaction'],
    [Number(log.logIndex).toString() === statement.line, 'another log'],
    [receipt.blockHash === block.hash && log.blockHash === block.hash, 'the parts are of different blocks'],
    [transfer?.amountMinor.toString() === statement.amount_minor, 'the transfer has another amount'],
    [statement.executed_at === executedAt, 'the block is of another time'],
    [statement.business_date === executedAt.slice(0, 10), 'the block is of another day'],
    [confirmations >= CONFIRMATIONS, `${confirmations} of ${CONFIRMATIONS} confirmations`],
    [hasUse(receipt, log), 'no authorization was used for the transfer'],
  ];
  return checks.flatMap(([fine, problem]) => (fine ? [] : [problem]));
}

function readEvidence(text: string): ChainEvidence | undefined {
  try {
    const value = JSON.parse(text) as Partial<ChainEvidence> | null;
    const { block, log, receipt } = value ?? {};
    if (!block || !log || !receipt || !Array.isArray(receipt.logs) || !Array.isArray(log.topics))
      return undefined;
    if (![block.number, block.timestamp].every(Number.isSafeInteger)) return undefined;
    transferOf(log);
    return value as ChainEvidence;
  } catch {
    return undefined;
  }
}

function hasUse(receipt: RawReceipt, transferLog: RawLog): boolean {
  const from = transferOf(transferLog)?.from;
  return receipt.logs.some(
    ({ topics, logIndex, address }) =>
      isAddressEqual(address, transferLog.address) &&
      topics[0] === USED_TOPIC &&
      topics[1] !== undefined &&
      from !== undefined &&
      isAddressEqual(addressIn(topics[1]), from) &&
      Number(logIndex) < Number(transferLog.logIndex),
  );
}

export interface EvidenceExpectation {
  /** Who must have paid, and who must have been paid. */
  from?: Address;
  to?: Address;
  /** The authorization's nonce, where it is known. */
  nonce?: Hex;
}

export interface EvidenceCheckOptions extends EvidenceExpectation {
  timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;

/**
 * Reads receipt, log and block of a proof again from a node of the verifier's own and compares them. Answers with a list
 * of problems, empty when there is none. Rejects (`RailUnreachableError`) when the node cannot be asked.
 */
export async function verifyChainEvidence(
  proof: SettlementProof,
  rpcUrl: string,
  asset: AssetCode,
  { timeoutMs = TIMEOUT_MS, ...expected }: EvidenceCheckOptions = {},
): Promise<string[]> {
  const problems = evidenceProblems(proof, asset);
  const evidence = readEvidence(proof.evidence);
  if (!evidence || problems.length > 0) return problems;
  const rpc = createRpc({ url: rpcUrl, timeoutMs });
  try {
    return [...expectationProblems(evidence, expected), ...(await compare(rpc, parseToken(asset), evidence))];
  } catch (error) {
    if (error instanceof AnswerLostError || error instanceof RpcError)
      throw new RailUnreachableError(`the node gave no usable answer: ${error.message}`, { cause: error });
    throw error;
  } finally {
    await rpc.close();
  }
}

function expectationProblems(
  { log, receipt }: ChainEvidence,
  { from, to, nonce }: EvidenceExpectation,
): string[] {
  const transfer = transferOf(log);
  const used = receipt.logs.some(
    ({ topics }) => topics[0] === USED_TOPIC && topics[2]?.toLowerCase() === nonce?.toLowerCase(),
  );
  return [
    ...(from && !(transfer && isAddressEqual(transfer.from, from)) ? ['another payer'] : []),
    ...(to && !(transfer && isAddressEqual(transfer.to, to)) ? ['another receiver'] : []),
    ...(nonce && !used ? ['another authorization'] : []),
  ];
}

async function compare(rpc: Rpc, token: Token, evidence: ChainEvidence): Promise<string[]> {
  const reader = createReader(rpc, token);
  const chainId = Number(await rpc.call<Hex>('eth_chainId', []));
  if (chainId !== token.chainId) return [`the node is of chain ${chainId}`];
  const { block, log } = evidence;
  const receipt = await reader.receipt(log.transactionHash);
  if (!receipt) return ['the transaction is not in the chain'];
  const found = receipt.logs.find(({ logIndex }) => Number(logIndex) === Number(log.logIndex));
  const canonical = await reader.block(Number(receipt.blockNumber));
  const confirmations = confirmationsOf(await reader.head(), Number(receipt.blockNumber));
  const checks: [boolean, string][] = [
    [receipt.status === '0x1', 'the transaction failed'],
    [receipt.blockHash === block.hash, 'the transaction is in another block'],
    [canonical?.hash === block.hash, 'the block is not in the chain'],
    [canonical?.timestamp === block.timestamp, 'the block is of another time'],
    [found !== undefined && sameLog(found, log), 'the log differs'],
    [found !== undefined && hasUse(receipt, found), 'no authorization was used for the transfer'],
    [confirmations >= CONFIRMATIONS, `${confirmations} of ${CONFIRMATIONS} confirmations`],
  ];
  return checks.flatMap(([fine, problem]) => (fine ? [] : [problem]));
}

function sameLog(a: RawLog, b: RawLog): boolean {
  return (
    isAddressEqual(a.address, b.address) &&
    a.data === b.data &&
    a.topics.length === b.topics.length &&
    a.topics.every((topic, index) => topic === b.topics[index])
  );
}
