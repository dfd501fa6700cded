/** The operator's side of the sandbox's chain, in JSON: money, blocks, reorganisations, misbehaviour. */
import {
  encodeFunctionData,
  getAddress,
  isAddress,
  isHash,
  numberToHex,
  pad,
  parseEther,
  toEventSelector,
  type Address,
  type Hex,
} from 'viem';
import { z } from 'zod';
import { TOKEN_ABI } from '../../chain/token';
import { HttpError } from '../http';
import { TOKEN_ADDRESS, type SandboxChain } from './chain';
import { CHAIN_MISBEHAVIOURS, CHAIN_OCCASIONS, type ChainMisbehaviours } from './misbehaviour';

const address = z
  .string()
  .refine((text) => isAddress(text, { strict: false }), 'not an address')
  .transform((text) => getAddress(text));
const amountMinor = z.string().regex(/^\d{1,30}$/);
const fund = z.strictObject({
  address,
  /** Token, atomic units. */
  amountMinor: amountMinor.default('0'),
  /** Sets the account's balance of gas, in whole coins. */
  gas: z.number().min(0).max(1_000_000).optional(),
});
const mine = z.strictObject({ blocks: z.number().int().min(1).max(10_000).default(1) });
const reorg = z.strictObject({
  depth: z.number().int().min(1).max(300),
  keepTransactions: z.boolean().default(false),
});
const blacklist = z.strictObject({ address, listed: z.boolean().default(true) });
const drop = z.strictObject({ hash: z.string().refine((text) => isHash(text), 'not a hash') });
const rule = z.strictObject({
  kind: z.enum(CHAIN_MISBEHAVIOURS),
  on: z.enum(CHAIN_OCCASIONS).default('transfer'),
  nextCount: z.number().int().min(1).max(1_000_000).optional(),
  rateBps: z.number().int().min(0).max(10_000).optional(),
  matching: z.strictObject({ sender: address.optional(), amountMinor: amountMinor.optional() }).optional(),
});
const seeding = z.strictObject({ seed: z.number().int().min(0).max(0xffff_ffff) });

export interface ChainOperatorDeps {
  chain: SandboxChain;
  misbehaviours: ChainMisbehaviours;
}

export interface ChainOperatorRequest {
  method: string;
  /** Path segments after `/operator`. */
  path: string[];
  query: URLSearchParams;
  body: unknown;
}

type Handler = (deps: ChainOperatorDeps, request: ChainOperatorRequest) => unknown;

const MAX_TRANSFERS = 1_000;

const ROUTES: Readonly<Record<string, Handler>> = {
  'GET ': async ({ chain }) => ({ token: TOKEN_ADDRESS, height: await chain.height() }),
  'POST fund': async ({ chain }, { body }) => {
    const given = read(fund, body);
    if (given.gas !== undefined) await chain.setGas(given.address, parseEther(String(given.gas)));
    if (given.amountMinor !== '0') await chain.mint(given.address, BigInt(given.amountMinor));
    return balances(chain, given.address);
  },
  'GET balances/*': ({ chain }, { path }) => balances(chain, readAddress(path[1])),
  'GET transfers/*': ({ chain }, { path, query }) => transfers(chain, readAddress(path[1]), query),
  'POST mine': async ({ chain }, { body }) => ({ height: await chain.mine(read(mine, body ?? {}).blocks) }),
  'POST reorg': async ({ chain }, { body }) => {
    const { depth, keepTransactions } = read(reorg, body);
    if (depth >= (await chain.height())) throw new HttpError(409, 'the chain is not that long');
    await chain.reorganise(depth, keepTransactions);
    return { height: await chain.height() };
  },
  'POST blacklist': async ({ chain }, { body }) => {
    const { address: account, listed } = read(blacklist, body);
    await chain.blacklist(account, listed);
    return {};
  },
  'POST transactions/drop': async ({ chain }, { body }) => ({
    dropped: await chain.rpc.call('anvil_dropTransaction', [read(drop, body).hash]),
  }),
  'GET misbehaviours': ({ misbehaviours }) => ({ rules: misbehaviours.rules() }),
  'POST misbehaviours': ({ misbehaviours }, { body }) => {
    misbehaviours.add(read(rule, body));
    return { rules: misbehaviours.rules() };
  },
  'DELETE misbehaviours': ({ misbehaviours }) => {
    misbehaviours.clear();
    return { rules: [] };
  },
  'PUT misbehaviours/seed': ({ misbehaviours }, { body }) => {
    misbehaviours.seed(read(seeding, body).seed);
    return {};
  },
};

export async function onChainOperator(
  deps: ChainOperatorDeps,
  request: ChainOperatorRequest,
): Promise<{ status: number; body: unknown }> {
  const named = ['balances', 'transfers'].includes(request.path[0] ?? '') && request.path.length === 2;
  const key = `${request.method} ${(named ? [request.path[0], '*'] : request.path).join('/')}`;
  const handler = Object.hasOwn(ROUTES, key) ? ROUTES[key] : undefined;
  if (!handler) throw new HttpError(404, 'there is no such operation');
  const body = await handler(deps, request);
  return { status: key === 'POST misbehaviours' ? 201 : 200, body };
}

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (!result.success) throw new HttpError(400, z.prettifyError(result.error));
  return result.data;
}

function readAddress(text: string | undefined): Address {
  return read(address, text);
}

async function balances({ rpc }: SandboxChain, account: Address) {
  const data = encodeFunctionData({ abi: TOKEN_ABI, functionName: 'balanceOf', args: [account] });
  const token = await rpc.call<Hex>('eth_call', [{ to: TOKEN_ADDRESS, data }, 'latest']);
  const gas = await rpc.call<Hex>('eth_getBalance', [account, 'latest']);
  return { address: account, balanceMinor: BigInt(token).toString(), gasWei: BigInt(gas).toString() };
}

const TRANSFER = toEventSelector('Transfer(address,address,uint256)');

interface Log {
  blockNumber: Hex;
  transactionHash: Hex;
  logIndex: Hex;
  topics: Hex[];
  data: Hex;
}

async function transfers({ rpc }: SandboxChain, account: Address, query: URLSearchParams) {
  const after = Number(query.get('after') ?? 0);
  const limit = Number(query.get('limit') ?? MAX_TRANSFERS);
  if (!Number.isSafeInteger(after) || after < 0 || !(limit >= 1 && limit <= MAX_TRANSFERS))
    throw new HttpError(400, `after counts from 0, limit is 1 to ${MAX_TRANSFERS}`);
  const topic = pad(account);
  const ask = (topics: (Hex | null)[]) =>
    rpc.call<Log[]>('eth_getLogs', [
      { address: TOKEN_ADDRESS, fromBlock: numberToHex(0), toBlock: 'latest', topics },
    ]);
  const found = [...(await ask([TRANSFER, topic])), ...(await ask([TRANSFER, null, topic]))]
    .map((log) => ({
      block: Number(log.blockNumber),
      transaction: log.transactionHash,
      line: Number(log.logIndex),
      from: addressOf(log.topics[1]),
      to: addressOf(log.topics[2]),
      amountMinor: BigInt(log.data).toString(),
    }))
    .sort((a, b) => a.block - b.block || a.line - b.line);
  const page = found.slice(after, after + limit);
  return { transfers: page, next: after + limit < found.length ? after + limit : null };
}

function addressOf(topic: Hex | undefined): Address {
  return getAddress(`0x${(topic ?? '').slice(-40)}`);
}
