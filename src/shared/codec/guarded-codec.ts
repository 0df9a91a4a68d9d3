import type { Codec, Decoded, Message } from './codec.ts';
import { malformedEvent, nativeMessage, unencodable, utf8 } from './event-rules.ts';
import { MAX_NESTING } from './msgpack-bounds.ts';

/** How deep a payload may nest: as deep as in msgpack, where the event around it is one level. */
const MAX_LEVELS = MAX_NESTING - 1;
/** JSON that nests deeper has more characters. */
const SHALLOW = 2 * MAX_LEVELS;

const LOOKALIKE = 'a native message that begins with the eventPrefix';

/**
 * What a server asks of a codec beyond what a client does, since it passes on what clients send:
 *
 * - A native message must not begin as an event of the text codec does. Somebody's native message
 *   would be an event, or a forged answer, to those who get it as text. Byte order marks ahead of it
 *   do not count: some platforms drop one.
 * - JSON nests no deeper than msgpack may, so that what came by the one can go out by the other.
 */
export function guardCodec(codec: Codec, eventPrefix: string): Codec {
  return new GuardedCodec(codec, eventPrefix);
}

class GuardedCodec implements Codec {
  readonly name: Codec['name'];
  readonly #codec: Codec;
  readonly #prefix: string;
  readonly #prefixBytes: Uint8Array;

  constructor(codec: Codec, eventPrefix: string) {
    this.name = codec.name;
    this.#codec = codec;
    this.#prefix = withoutMarks(eventPrefix);
    this.#prefixBytes = utf8.encode(this.#prefix);
  }

  encode(event: string, payload?: unknown): Message {
    return this.#codec.encode(event, payload);
  }

  withAsk(event: Message, ask: number): Message {
    return this.#codec.withAsk(event, ask);
  }

  encodeAnswer(ask: number, payload?: unknown): Message {
    return this.#codec.encodeAnswer(ask, payload);
  }

  encodeFailure(ask: number, reason: string): Message {
    return this.#codec.encodeFailure(ask, reason);
  }

  encodeHello(): Message {
    return this.#codec.encodeHello();
  }

  encodeMessage(data: Message): Message {
    const message = nativeMessage(data);
    if (this.#isLookalike(message)) throw unencodable(LOOKALIKE);
    return this.#codec.encodeMessage(message);
  }

  decode(message: Message): Decoded {
    const decoded = this.#codec.decode(message);
    if ('native' in decoded) {
      if (this.#isLookalike(decoded.native)) throw malformedEvent(LOOKALIKE);
    } else if (message.length > SHALLOW && this.name === 'text' && mayNest(message)) {
      if ('payload' in decoded && nests(decoded.payload, MAX_LEVELS)) {
        throw malformedEvent(`more than ${MAX_LEVELS} levels`);
      }
    }
    return decoded;
  }

  #isLookalike(message: Message): boolean {
    if (typeof message === 'string') return withoutMarks(message).startsWith(this.#prefix);
    const start = marksIn(message);
    return this.#prefixBytes.every((byte, i) => message[start + i] === byte);
  }
}

/** A text without the byte order marks at its beginning. */
function withoutMarks(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.replace(/^\ufeff+/, '') : text;
}

/** How many bytes the byte order marks at the beginning take. */
function marksIn(bytes: Uint8Array): number {
  let end = 0;
  while (bytes[end] === 0xef && bytes[end + 1] === 0xbb && bytes[end + 2] === 0xbf) end += 3;
  return end;
}

/** Whether a message has so many brackets that it may nest too deep: most have a few. */
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
