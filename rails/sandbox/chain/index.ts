/**
 * A blockchain of the sandbox: a real Ethereum node with USD Coin on it, reached through a JSON-RPC endpoint that can be
 * told to misbehave (`/`), and its operator (`/operator/…`). Setting `blockMs`: time between blocks, 1,000 by default, 0
 * to have them made by the operator only.
 */
import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseEther } from 'viem';
import { SANDBOX_OPENING_BALANCE_MINOR, SLOW_ANSWER_MS } from '../constants';
import type { FamilyOptions, RunningFamily } from '../families';
import { HttpError, readBody, sendJson } from '../http';
import { CHAIN_ID, openChain, TOKEN_ADDRESS, type SandboxChain } from './chain';
import { sandboxKey } from './keys';
import { createChainMisbehaviours } from './misbehaviour';
import { startMiner } from './miner';
import { CHAIN_AGE_MS, startNode } from './node';
import { onChainOperator } from './operator';
import { onRpc, type ProxyDeps } from './proxy';

const BLOCK_MS = 1_000;
const ATOMIC_PER_HUNDREDTH = 10_000n;
const OPENING_GAS = parseEther('10000');
const HOUR_MS = 3_600_000;
const KEEP_ALIVE_MS = 75_000;
const REQUEST_TIMEOUT_MS = 30_000;

export async function startChain(options: FamilyOptions): Promise<RunningFamily> {
  const blockMs = blockMsOf(options.settings.blockMs);
  const dataDir = join(options.dataDir, 'chain');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const node = await startNode({ dataDir, chainId: CHAIN_ID, onExit: options.onFatal });
  // What AURA's wallets open with was there long before the first statement.
  const chain = await openChain(node.url, Date.now() - CHAIN_AGE_MS + HOUR_MS);
  await endow(chain);
  chain.catchUp();
  const miner = startMiner({ chain, blockMs, onFatal: options.onFatal });
  const misbehaviours = createChainMisbehaviours(options.seed ?? 1);
  const deps: ProxyDeps = {
    nodeUrl: node.url,
    chain,
    miner,
    misbehaviours,
    slowAnswerMs: options.slowAnswerMs ?? SLOW_ANSWER_MS,
    stuck: new Set(),
  };
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS });
  server.on('request', (request, response) => {
    route(deps, request, response).catch((error: unknown) => onError(error, response));
  });
  await listen(server, options);
  const url = `http://${options.host}:${(server.address() as AddressInfo).port}`;
  return {
    url,
    keys: {},
    info: infoOf(url),
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await miner.close();
      await chain.close();
      await node.close();
    },
  };
}

function infoOf(url: string): Record<string, string> {
  return {
    rpcUrl: url,
    token: `eip155:${CHAIN_ID}/erc20:${TOKEN_ADDRESS}`,
    auraStablecoinKey: sandboxKey('stablecoin'),
    auraX402Key: sandboxKey('x402'),
    facilitatorKey: sandboxKey('facilitator'),
  };
}

function blockMsOf(text: string | undefined): number {
  if (text === undefined) return BLOCK_MS;
  if (!/^\d{1,6}$/.test(text)) throw new Error('blockMs is a number of milliseconds');
  return Number(text);
}

/** Gives AURA's wallets what the ledger opens with, once in the life of the chain. */
async function endow(chain: SandboxChain): Promise<void> {
  for (const account of ['stablecoin', 'x402'] as const) {
    const address = chain.addressOf(account);
    if (await chain.wasMinted(address)) continue;
    await chain.setGas(address, OPENING_GAS);
    await chain.mint(address, SANDBOX_OPENING_BALANCE_MINOR * ATOMIC_PER_HUNDREDTH);
  }
}

async function route(deps: ProxyDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://sandbox');
  const [area = '', ...path] = url.pathname.split('/').slice(1).map(decodeURIComponent);
  const body = await readBody(request);
  if (area === '' && request.method === 'POST') return onRpc(deps, body, response);
  if (area !== 'operator') throw new HttpError(404, 'there is no such endpoint');
  const answer = await onChainOperator(deps, {
    method: request.method ?? '',
    path,
    query: url.searchParams,
    body: body.length === 0 ? undefined : parseJson(body),
  });
  sendJson(response, answer.status, answer.body);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    throw new HttpError(400, 'not JSON');
  }
}

function onError(error: unknown, response: ServerResponse): void {
  if (error instanceof HttpError) return sendJson(response, error.status, { error: error.message });
  const { code } = error as { code?: string };
  if (error instanceof URIError || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return sendJson(response, 400, { error: 'bad request' });
  sendJson(response, 500, { error: 'internal error' });
  console.error(error);
}

function listen(server: Server, { host, port }: FamilyOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
