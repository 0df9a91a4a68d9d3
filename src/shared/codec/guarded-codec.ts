import type { Codec, Message } from './codec.ts';
import { malformedEvent, nativeMessage, unencodable, utf8 } from './event-rules.ts';
import { MAX_NESTING } from './msgpack-bounds.ts';

/** The levels of a payload: as many as in msgpack, where the event around it is one more. */
const MAX_LEVELS = MAX_NESTING - 1;
/** JSON that nests deeper has more characters. */
const SHALLOW = 2 * MAX_LEVELS;

/** The byte order mark. */
const MARK = 0xfeff;
const LOOKALIKE = 'a native message that begins with the eventPrefix';

/**
 * Makes a codec as strict as a server needs it, since a server passes on messages of clients:
 *
 * - A native message must not begin as an event of the text codec does. Clients that speak text
 *   would take it for an event, or for an answer. Byte order marks ahead of it do not count: some
 *   platforms drop one.
 * - JSON nests no deeper than msgpack may. So a payload that came by one codec can go out by the
 *   other.
 */
export function guardCodec(codec: Codec, eventPrefix: string): Codec {
  const prefix = withoutMarks(eventPrefix);
  const prefixBytes = utf8.encode(prefix);
  const first = prefix.charCodeAt(0);
  const isLookalike = (message: Message) => {
    if (typeof message === 'string') {
      // One character tells most messages, for a part of what `startsWith` costs.
      const code = message.charCodeAt(0);
      return (code === first || code === MARK) && withoutMarks(message).startsWith(prefix);
    }
    const start = marksIn(message);
    return prefixBytes.every((byte, i) => message[start + i] === byte);
  };
  return {
    ...codec,
    encodeMessage(data) {
      const message = nativeMessage(data);
      if (isLookalike(message)) throw unencodable(LOOKALIKE);
      return codec.encodeMessage(message);
    },
    decode(message) {
      const decoded = codec.decode(message);
      if ('native' in decoded) {
        if (isLookalike(decoded.native)) throw malformedEvent(LOOKALIKE);
      } else if (message.length > SHALLOW && codec.name === 'text' && mayNest(message)) {
        if ('payload' in decoded && nests(decoded.payload, MAX_LEVELS)) {
          throw malformedEvent(`more than ${MAX_LEVELS} levels`);
        }
      }
      return decoded;
    },
  };
}

/** A text without the byte order marks at its beginning. */
function withoutMarks(text: string): string {
  return text.charCodeAt(0) === MARK ? text.replace(/^\ufeff+/, '') : text;
}

/** The bytes that byte order marks take at the beginning. */
function marksIn(bytes: Uint8Array): number {
  let end = 0;
  while (bytes[end] === 0xef && bytes[end + 1] === 0xbb && bytes[end + 2] === 0xbf) end += 3;
  return end;
}

/** Whether a message has enough brackets to nest too deep: most have a few. */
function mayNest(message: Message): boolean {
  if (typeof message !== 'string') return true;
  let opened = 0;
  for (const bracket of ['[', '{']) {
    for (let at = message.indexOf(bracket); at >= 0; at = message.indexOf(bracket, at + 1)) {
      if (++opened > MAX_LEVELS) return true;
    }
  }
  return false;
}

/** Whether a value of a client nests deeper than so many levels. */
function nests(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  if (levels === 0) return true;
  const parts: unknown[] = Array.isArray(value) ? value : Object.values(value);
  return parts.some((part) => nests(part, levels - 1));
}
