/**
 * Says of a payload which rail it is for, so that the codec outside the workflow seals it under that rail's key. Part of
 * the workflow bundle: no key comes here.
 */
import {
  BinaryPayloadConverter,
  CompositePayloadConverter,
  DefaultFailureConverter,
  JsonPayloadConverter,
  UndefinedPayloadConverter,
  type Payload,
} from '@temporalio/common';
import { encode } from '@temporalio/common/lib/encoding';

/** As in domain/payload-sealing, which has keys and cannot come into a workflow. */
const AUDIENCE_FIELD = 'aura-audience';
const RAIL = Symbol.for('aura.addressed');

interface Addressed {
  [RAIL]: string;
  value: unknown;
}

/** The value as it is sent to a rail. It converts to what the value itself does. */
export function addressed<T>(rail: string, value: T): T {
  return { [RAIL]: rail, value } as T;
}

const isAddressed = (value: unknown): value is Addressed =>
  typeof value === 'object' && value !== null && RAIL in value;

class AddressedJsonConverter extends JsonPayloadConverter {
  override toPayload(value: unknown): Payload | undefined {
    if (!isAddressed(value)) return super.toPayload(value);
    const payload = super.toPayload(value.value);
    return (
      payload && { ...payload, metadata: { ...payload.metadata, [AUDIENCE_FIELD]: encode(value[RAIL]) } }
    );
  }
}

export const payloadConverter = new CompositePayloadConverter(
  new UndefinedPayloadConverter(),
  new BinaryPayloadConverter(),
  new AddressedJsonConverter(),
);

/** Messages and stack traces are sealed like payloads. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
