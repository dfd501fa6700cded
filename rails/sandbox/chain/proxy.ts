/** The chain's public JSON-RPC endpoint: passes questions on to the node, as badly as was asked for. */
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import {
  decodeFunctionData,
  isHex,
  keccak256,
  parseTransaction,
  recoverTransactionAddress,
  toFunctionSelector,
  type Address,
  type Hex,
  type TransactionSerialized,
} from 'viem';
import { request } from 'undici';
import { TOKEN_ABI } from '../../chain/token';
import { HANG_MS } from '../constants';
import { send, sendJson } from '../http';
import { TOKEN_ADDRESS, type SandboxChain } from './chain';
import type { ChainMisbehaviour, ChainMisbehaviours, ChainSubject } from './misbehaviour';
import type { Miner } from './miner';

export interface ProxyDeps {
  nodeUrl: string;
  chain: SandboxChain;
  miner: Miner;
  misbehaviours: ChainMisbehaviours;
  slowAnswerMs: number;
  /** Hashes that were answered with and are kept from the node. */
  stuck: Set<Hex>;
}

interface Question {
  id?: unknown;
  method: string;
  params: unknown[];
}

/** A transfer by authorization that a question carries. */
interface Transfer {
  from: Address;
  amountMinor: bigint;
  sender?: string;
}

const ALLOWED = /^(eth|net|web3|txpool)_/;
const MAX_STUCK = 1_000;
const LATE_REORG_BLOCKS = 13;
const EARLY_REORG_BLOCKS = 3;
const NODE_TIMEOUT_MS = 30_000;

export async function onRpc(deps: ProxyDeps, body: Buffer, response: ServerResponse): Promise<void> {
  const question = readQuestion(body);
  if (question === 'batch' || question === undefined) {
    const why = question ? 'no batches here' : 'not a JSON-RPC question';
    return sendJson(response, 200, { jsonrpc: '2.0', id: null, error: { code: -32600, message: why } });
  }
  if (!ALLOWED.test(question.method)) {
    const error = { code: -32601, message: 'the method is not available' };
    return sendJson(response, 200, { jsonrpc: '2.0', id: question.id ?? null, error });
  }
  const transfer = await transferOf(question);
  if (transfer && question.method !== 'eth_sendRawTransaction') {
    // Simulated before it is sent: only what the chain itself would refuse shows here.
    const subject = subjectOf(deps, transfer);
    if (deps.misbehaviours.choose(subject, (kind) => kind === 'reject_FRAD'))
      await deps.chain.blacklist(transfer.from, true);
    return pass(deps, body, response);
  }
  const subject = transfer ? subjectOf(deps, transfer) : questionSubject(deps, question);
  const kind = subject && deps.misbehaviours.choose(subject);
  await answer(deps, { question, body, kind, transfer }, response);
}

interface Asked {
  question: Question;
  body: Buffer;
  kind: ChainMisbehaviour | undefined;
  transfer: Transfer | undefined;
}

async function answer(deps: ProxyDeps, asked: Asked, response: ServerResponse): Promise<void> {
  const { kind, body } = asked;
  switch (kind) {
    case 'time_out':
      return hang(response);
    case 'fail':
      return send(response, 500, 'text/plain', 'internal error');
    case 'execute_then_time_out':
      await ask(deps, body);
      return hang(response);
    case 'execute_then_disconnect':
      await ask(deps, body);
      return void response.destroy();
    case 'execute_then_fail':
      await ask(deps, body);
      return send(response, 500, 'text/plain', 'internal error');
    case 'garbage':
      await ask(deps, body);
      return send(response, 200, 'text/html', '<html><body>Temporarily in maintenance</body></html>');
    case 'slow':
      await delay(deps.slowAnswerMs);
      return pass(deps, body, response);
    case 'reject_FRAD':
      if (asked.transfer) await deps.chain.blacklist(asked.transfer.from, true);
      return pass(deps, body, response);
    case 'stuck':
    case 'reorganised':
    case 'reorganised_early':
      return answerTransaction(deps, asked, kind, response);
    case undefined:
      return keptBack(deps, asked, response) ? undefined : pass(deps, body, response);
  }
}

async function answerTransaction(
  deps: ProxyDeps,
  { question, body }: Asked,
  kind: 'stuck' | 'reorganised' | 'reorganised_early',
  response: ServerResponse,
): Promise<void> {
  const hash = hashOf(question);
  if (!hash) return pass(deps, body, response);
  if (kind !== 'stuck') {
    deps.miner.reorganiseAfter(hash, kind === 'reorganised' ? LATE_REORG_BLOCKS : EARLY_REORG_BLOCKS);
    return pass(deps, body, response);
  }
  if (deps.stuck.size >= MAX_STUCK) deps.stuck.clear();
  deps.stuck.add(hash);
  sendJson(response, 200, { jsonrpc: '2.0', id: question.id ?? null, result: hash });
}

/** The same stuck transaction sent again stays stuck; only another one in its place gets through. */
function keptBack(deps: ProxyDeps, { question }: Asked, response: ServerResponse): boolean {
  if (deps.stuck.size === 0) return false;
  const hash = hashOf(question);
  if (!hash || !deps.stuck.has(hash)) return false;
  sendJson(response, 200, { jsonrpc: '2.0', id: question.id ?? null, result: hash });
  return true;
}

function hashOf({ method, params }: Question): Hex | undefined {
  const [raw] = params;
  if (method !== 'eth_sendRawTransaction' || !isHex(raw)) return undefined;
  return keccak256(raw);
}

async function ask(deps: ProxyDeps, body: Buffer): Promise<{ status: number; text: string }> {
  const { statusCode, body: answered } = await request(deps.nodeUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    headersTimeout: NODE_TIMEOUT_MS,
    bodyTimeout: NODE_TIMEOUT_MS,
  });
  return { status: statusCode, text: await answered.text() };
}

async function pass(deps: ProxyDeps, body: Buffer, response: ServerResponse): Promise<void> {
  const { status, text } = await ask(deps, body);
  send(response, status, 'application/json', text);
}

function hang(response: ServerResponse): void {
  const timer = setTimeout(() => response.destroy(), HANG_MS);
  timer.unref();
  response.once('close', () => clearTimeout(timer));
}

function readQuestion(body: Buffer): Question | 'batch' | undefined {
  try {
    const value = JSON.parse(body.toString('utf8')) as Partial<Question> | unknown[] | null;
    if (Array.isArray(value)) return 'batch';
    if (typeof value?.method !== 'string') return undefined;
    return { id: value.id, method: value.method, params: Array.isArray(value.params) ? value.params : [] };
  } catch {
    return undefined;
  }
}

function subjectOf({ chain }: ProxyDeps, { sender, amountMinor }: Transfer): ChainSubject {
  const magic = sender === chain.addressOf('stablecoin').toLowerCase();
  return { occasion: 'transfer', sender, amountMinor, magic };
}

const AUTHORIZATION_STATE = toFunctionSelector('authorizationState(address,bytes32)');
const BALANCE_OF = toFunctionSelector('balanceOf(address)');

/** What a read is for, as far as it shows. */
function questionSubject({ chain }: ProxyDeps, { method, params }: Question): ChainSubject | undefined {
  const [first] = params as [{ data?: string; input?: string; topics?: unknown[] } | undefined];
  if (method === 'eth_getTransactionReceipt') return { occasion: 'inquiry', magic: false };
  if (method === 'eth_getLogs') {
    const byNonce = typeof first?.topics?.[2] === 'string' && first.topics[1] !== null;
    return { occasion: byNonce ? 'inquiry' : 'statement', magic: false };
  }
  if (method !== 'eth_call') return undefined;
  const data = (first?.data ?? first?.input ?? '').toLowerCase();
  if (data.startsWith(AUTHORIZATION_STATE)) return { occasion: 'inquiry', magic: false };
  const ours = [chain.addressOf('stablecoin'), chain.addressOf('x402')];
  const asksForPayer = ours.every((address) => !data.includes(address.slice(2).toLowerCase()));
  return data.startsWith(BALANCE_OF) && asksForPayer ? { occasion: 'mandate', magic: false } : undefined;
}

async function transferOf({ method, params }: Question): Promise<Transfer | undefined> {
  const [first] = params;
  try {
    if (method === 'eth_sendRawTransaction' && isHex(first)) {
      const { to, data } = parseTransaction(first);
      const sender = await recoverTransactionAddress({
        serializedTransaction: first as TransactionSerialized,
      });
      return transferIn(to, data, sender.toLowerCase());
    }
    if (method !== 'eth_call' && method !== 'eth_estimateGas') return undefined;
    const call = first as { to?: Address; data?: Hex; input?: Hex; from?: string };
    return transferIn(call.to, call.data ?? call.input, call.from?.toLowerCase());
  } catch {
    return undefined;
  }
}

function transferIn(to: Address | null | undefined, data: Hex | undefined, sender?: string) {
  if (!to || to.toLowerCase() !== TOKEN_ADDRESS.toLowerCase() || !data) return undefined;
  const { functionName, args } = decodeFunctionData({ abi: TOKEN_ABI, data });
  if (functionName !== 'transferWithAuthorization') return undefined;
  const [from, , amountMinor] = args;
  return { from, amountMinor, sender };
}
