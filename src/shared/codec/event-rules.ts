import { EngineError, type ErrorCode, messageOf } from '../api/errors.ts';
import type { Message } from './codec.ts';

/** Makes UTF-8. */
export const utf8 = new TextEncoder();

/**
 * Refuses what cannot be an event's name. The separator of the text codec is refused by all codecs,
 * so that an app can change from one to another; half of a surrogate pair, since it would arrive as
 * another name.
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
 * Refuses, too, names that are reserved for what fanring's own clients ask (PROTOCOL.md).
 * @throws EngineError ERR_EVENT_NAME
 */
export function checkHandledName(event: string, maxBytes: number): void {
  checkEventName(event, maxBytes);
  if (!event.startsWith('fanring:')) return;
  throw new EngineError(
    'ERR_EVENT_NAME',
    `names that begin with 'fanring:' are reserved: ${event}`,
  );
}

/** Says what an event may be named. */
export function nameRule(maxBytes: number): string {
  return `an event name is 1 to maxEventNameBytes (${maxBytes}) bytes without ';'`;
}

/** Tells whether the other side may name an event so: 1 to `maxBytes` bytes of UTF-8. */
export function isEventName(event: string, maxBytes: number): boolean {
  const { length } = event;
  // A character has 1 to 3 bytes: only where that cannot tell are they counted.
  if (length * 3 <= maxBytes) return length > 0;
  return length <= maxBytes && utf8.encode(event).length <= maxBytes;
}

/** The number of an ask as text, from 1; undefined where it is none. */
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

/**
 * The message of what an app wants to send as a native one.
 * @throws EngineError ERR_PAYLOAD for what is neither a string nor bytes
 */
export function nativeMessage(data: unknown): Message {
  const message = typeof data === 'string' ? data : bytesOf(data);
  if (message === undefined) throw unencodable(`a native ${typeof data}`);
  return message;
}

/** The error of what a codec cannot encode; `what` describes it, or is the error that came of it. */
export function unencodable(what: unknown): EngineError {
  return errorOf('ERR_PAYLOAD', 'cannot encode', what);
}

/** The error of what a codec cannot decode; `why` is a reason, or the error that came of it. */
export function malformedEvent(why: unknown): EngineError {
  return errorOf('ERR_MALFORMED_EVENT', 'malformed event', why);
}

function errorOf(code: ErrorCode, message: string, why: unknown): EngineError {
  return new EngineError(
    code,
    `${message}: ${messageOf(why)}`,
    why instanceof Error ? { cause: why } : {},
  );
}
