import { EngineError, type ErrorCode, messageOf } from '../api/errors.ts';
import type { Message } from './codec.ts';

/** Encodes UTF-8. */
export const utf8 = new TextEncoder();

/** The event by which a client asks whether the server is there; no app may use it. */
export const PROBE = 'fanring:ping';

/** The event by which the server asks a client for a new token; no app may use it. */
export const TOKEN = 'fanring:token';

/** The beginning of the subprotocol that carries a token, in base64url of its UTF-8. */
export const TOKEN_PROTOCOL = 'fanring.token.';

/**
 * Refuses a name that no event can have. All codecs refuse the separator of the text codec, so that
 * an app can change from one to another. Half of a surrogate pair would arrive as another name.
 * @param maxBytes of UTF-8
 * @throws EngineError ERR_EVENT_NAME
 */
export function checkEventName(event: string, maxBytes: number): void {
  if (
    typeof event === 'string' &&
    !event.includes(';') &&
    isEventName(event, maxBytes) &&
    event.isWellFormed?.() !== false // browsers of 2022 do not have it
  ) {
    return;
  }
  throw new EngineError('ERR_EVENT_NAME', `${nameRule(maxBytes)}, not '${String(event)}'`);
}

/**
 * Refuses, too, the names that are reserved for asks of fanring's own clients (PROTOCOL.md).
 * @throws EngineError ERR_EVENT_NAME
 */
export function checkHandledName(event: string, maxBytes: number): void {
  checkEventName(event, maxBytes);
  checkReserved(event);
}

/** Refuses names that are reserved. @throws EngineError ERR_EVENT_NAME */
export function checkReserved(event: string): void {
  if (!event?.startsWith?.('fanring:')) return; // one that is no text is refused as such
  throw new EngineError(
    'ERR_EVENT_NAME',
    `names that begin with 'fanring:' are reserved: ${event}`,
  );
}

/** The rule for names of events, as errors say it. */
export function nameRule(maxBytes: number): string {
  return `an event name is 1 to maxEventNameBytes (${maxBytes}) bytes without ';'`;
}

/** Whether the other side may name an event so: 1 to `maxBytes` bytes of UTF-8. */
export function isEventName(event: string, maxBytes: number): boolean {
  const { length } = event;
  // A character has 1 to 3 bytes: only where that cannot tell are they counted.
  if (length * 3 <= maxBytes) return length > 0;
  return length <= maxBytes && utf8.encode(event).length <= maxBytes;
}

/** The number of an ask, from 1, in a text; undefined where the text has none. */
export function askNumber(text: string): number | undefined {
  const number = /^[1-9]\d*$/.test(text) ? Number(text) : 0;
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

/** The bytes of an ArrayBuffer or of any view, not copied; undefined for everything else. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (!ArrayBuffer.isView(value)) return undefined;
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** The native message of a string or bytes. @throws EngineError ERR_PAYLOAD for anything else */
export function nativeMessage(data: unknown): Message {
  const message = typeof data === 'string' ? data : bytesOf(data);
  if (message === undefined) throw unencodable(`a native ${typeof data}`);
  return message;
}

/** An ERR_PAYLOAD; `what` describes the value that a codec cannot encode, or is its error. */
export function unencodable(what: unknown): EngineError {
  return errorOf('ERR_PAYLOAD', 'cannot encode', what);
}

/** An ERR_MALFORMED_EVENT; `why` is the reason, or the error that decoding has thrown. */
export function malformedEvent(why: unknown): EngineError {
  return errorOf('ERR_MALFORMED_EVENT', 'malformed event', why);
}

function errorOf(code: ErrorCode, message: string, why: unknown): EngineError {
  const options = why instanceof Error ? { cause: why } : {};
  return new EngineError(code, `${message}: ${messageOf(why)}`, options);
}
