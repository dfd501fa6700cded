/** How processes speak with Temporal: every payload and failure sealed. */
import type { DataConverter, PayloadCodec } from '@temporalio/common';
import { createPayloadSealer } from '../domain/payload-sealing';
import type { KeySource } from '../domain/sealing';
import { FAILURE_CONVERTER } from './workflow-bundle';

export function dataConverter(keys: KeySource, rail?: string): DataConverter {
  const sealer = createPayloadSealer(keys, rail);
  const codec: PayloadCodec = {
    encode: (payloads) => Promise.resolve(payloads.map((payload) => sealer.seal(payload))),
    decode: (payloads) => Promise.resolve(payloads.map((payload) => sealer.open(payload))),
  };
  return { payloadCodecs: [codec], failureConverterPath: FAILURE_CONVERTER };
}
