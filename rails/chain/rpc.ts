/** Ethereum JSON-RPC over HTTP. Nothing is retried here. */
import { AnswerLostError, createJsonClient, type JsonClientOptions } from './http';

/** The node answered, and said no. */
export class RpcError extends Error {
  override name = 'RpcError';
  constructor(
    readonly code: number,
    message: string,
    readonly data: unknown,
  ) {
    super(message);
  }
}

export interface Rpc {
  /** Throws `RpcError`, `AnswerLostError` or `RailUnreachableError`. */
  call<T>(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<T>;
  close(): Promise<void>;
}

interface RpcAnswer {
  id?: unknown;
  result?: unknown;
  error?: { code?: unknown; message?: unknown; data?: unknown };
}

export function createRpc(options: JsonClientOptions): Rpc {
  const http = createJsonClient(options);
  let lastId = 0;
  return {
    async call<T>(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<T> {
      lastId += 1;
      const id = lastId;
      const { status, body } = await http.post('', { jsonrpc: '2.0', id, method, params }, signal);
      const answer = (typeof body === 'object' && body !== null ? body : {}) as RpcAnswer;
      if (answer.id !== id) throw new AnswerLostError(`the node answered ${status} to something else`);
      if (answer.error) {
        const { code, message, data } = answer.error;
        throw new RpcError(Number(code ?? 0), typeof message === 'string' ? message : 'no message', data);
      }
      if (status !== 200 || !('result' in answer)) throw new AnswerLostError(`the node answered ${status}`);
      return answer.result as T;
    },
    close: () => http.close(),
  };
}
