import { EngineError } from '../api/errors.ts';
import type { Connection, ServerHandle } from '../api/public-types.ts';
import type { Codec, Message } from '../codec/codec.ts';
import { checkReserved } from '../codec/event-rules.ts';

type HasEndpoint = Pick<ServerHandle, 'endpoint'>;

/**
 * Encodes an event of the app.
 * @param receivers says for whom, where an error has to
 * @throws EngineError ERR_EVENT_NAME, for reserved names too; ERR_PAYLOAD
 */
export function encodeEvent(
  codec: Codec,
  event: string,
  payload: unknown,
  receivers: () => string,
): Message {
  checkReserved(event);
  try {
    return codec.encode(event, payload);
  } catch (error) {
    throw payloadError(error, `'${event}' to ${receivers()}`, codec);
  }
}

/** Encodes an event for one connection, as {@link encodeEvent}. */
export function encodeFor(
  connection: Pick<Connection, 'id'> & { readonly codec: Codec; readonly server: HasEndpoint },
  event: string,
  payload: unknown,
): Message {
  const receiver = () => `connection ${connection.id} of ${connection.server.endpoint}`;
  return encodeEvent(connection.codec, event, payload, receiver);
}

/** The same error, which also says what was to be encoded, and why in this codec. */
export function payloadError(error: unknown, what: string, { name }: Codec): unknown {
  if (!(error instanceof EngineError && error.code === 'ERR_PAYLOAD')) return error;
  const { message, cause } = error;
  const text = `${what}, where a client speaks ${name}: ${message}`;
  return new EngineError('ERR_PAYLOAD', text, cause === undefined ? {} : { cause });
}
