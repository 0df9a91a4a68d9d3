import type { Codec, CodecOptions, Decoded } from './codec.ts';
import {
  askNumber,
  bytesOf,
  checkEventName,
  isEventName,
  malformedEvent,
  nameRule,
  nativeMessage,
  unencodable,
  utf8,
} from './event-rules.ts';

/** The beginning of an event, as the existing iris clients and servers have it. */
export const DEFAULT_EVENT_PREFIX = 'iris-websocket-message:';

/*
 * An event, in a text frame; where its payload is bytes (type 3), in a binary frame:
 *
 *   | prefix | event name | ; | type: one digit | ; | payload … |
 *
 * Where an answer is wanted or given, a mark and a number follow the type, and an answer has no name:
 *
 *   | prefix | event name | ; | type | ? | number | ; | payload … |    wants an answer
 *   | prefix |            | ; | type | ! | number | ; | payload … |    is the answer
 *   | prefix |            | ; | 0    | ~ | number | ; | reason … |     there is no answer
 *   | prefix |            | ; | 0    | + | 1      | ; |                the other side may ask
 */
const SEPARATOR = 0x3b;
const BYTES = 0x33;

const LAYOUT = "not 'name;type;payload'";
const DECIMAL = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

// The protocol does not check a binary frame for UTF-8, and nothing may vanish from a payload.
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Makes a codec of the iris text protocol (PROTOCOL.md); runs in browsers too. */
export function createTextCodec(options: CodecOptions): Codec {
  const { eventPrefix: prefix, maxEventNameBytes } = options;
  const prefixBytes = utf8.encode(prefix);
  return {
    name: 'text',
    encode(event, payload) {
      checkEventName(event, maxEventNameBytes);
      const header = prefix + event;
      if (typeof payload === 'string') return `${header};0;${payload}`;
      const bytes = bytesOf(payload);
      return bytes
        ? joinBytes(utf8.encode(`${header};3;`), bytes)
        : `${header};${encodePayload(payload)}`;
    },
    withAsk(event, ask) {
      const mark = `?${ask}`;
      if (typeof event === 'string') {
        const typeEnd = event.indexOf(';', prefix.length) + 2;
        return event.slice(0, typeEnd) + mark + event.slice(typeEnd);
      }
      const typeEnd = event.indexOf(SEPARATOR, prefixBytes.length) + 2;
      return joinBytes(event.subarray(0, typeEnd), utf8.encode(mark), event.subarray(typeEnd));
    },
    encodeAnswer(ask, payload) {
      const bytes = bytesOf(payload);
      if (bytes) return joinBytes(utf8.encode(`${prefix};3!${ask};`), bytes);
      const encoded = typeof payload === 'string' ? `0;${payload}` : encodePayload(payload);
      return `${prefix};${encoded[0]}!${ask}${encoded.slice(1)}`;
    },
    encodeFailure: (ask, reason) => `${prefix};0~${ask};${reason}`,
    encodeHello: () => `${prefix};0+1;`,
    encodeMessage: nativeMessage,
    decode(message) {
      if (typeof message === 'string') {
        return message.startsWith(prefix) ? decodeText(message, options) : { native: message };
      }
      return beginsWith(message, prefixBytes)
        ? decodeBinary(message, prefixBytes.length, options)
        : { native: new Uint8Array(message) };
    },
  };
}

// A loop: with every() this alone takes as long as decoding a small event.
function beginsWith(message: Uint8Array, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (message[i] !== prefix[i]) return false;
  return true;
}

function decodeBinary(message: Uint8Array, nameStart: number, options: CodecOptions): Decoded {
  const nameEnd = message.indexOf(SEPARATOR, nameStart);
  if (message[nameEnd + 1] !== BYTES) return decodeText(decodeUtf8(message), options);
  const bodyStart = message.indexOf(SEPARATOR, nameEnd + 1) + 1;
  const header = message.subarray(0, bodyStart || message.length);
  const decoded = decodeText(decodeUtf8(header), options);
  return { ...decoded, payload: new Uint8Array(message.subarray(bodyStart)) };
}

function decodeText(message: string, options: CodecOptions): Decoded {
  const nameStart = options.eventPrefix.length;
  const nameEnd = message.indexOf(';', nameStart);
  const headerEnd = message.indexOf(';', nameEnd + 2);
  if (nameEnd < 0 || headerEnd < 0) throw malformedEvent(LAYOUT);
  const type = message[nameEnd + 1];
  const payload = decodePayload(type, message.slice(headerEnd + 1));
  const name = message.slice(nameStart, nameEnd);
  if (headerEnd === nameEnd + 2) return { event: checked(name, options), payload };
  const mark = message[nameEnd + 2];
  const number = askNumber(message.slice(nameEnd + 3, headerEnd));
  if (number !== undefined) {
    if (mark === '?') return { event: checked(name, options), payload, ask: number };
    if (name === '') {
      if (mark === '!') return { answerTo: number, payload };
      const kind = `${mark}${type}`;
      if (kind === '~0') return { answerTo: number, failure: payload as string };
      if (kind === '+0' && number === 1 && payload === '') return { acks: number };
    }
  }
  throw malformedEvent(LAYOUT);
}

function checked(event: string, { maxEventNameBytes }: CodecOptions): string {
  if (isEventName(event, maxEventNameBytes)) return event;
  throw malformedEvent(nameRule(maxEventNameBytes));
}

/** The type, the separator and the payload of what is neither a string nor bytes. */
function encodePayload(payload: unknown): string {
  if (payload === undefined) return '0;';
  if (typeof payload === 'boolean') return `2;${payload}`;
  if (Number.isSafeInteger(payload)) return `1;${payload}`;
  // JSON would make it null.
  if (typeof payload === 'number' && !Number.isFinite(payload)) throw unencodable(`${payload}`);
  let json: string | undefined;
  try {
    json = JSON.stringify(payload);
  } catch (error) {
    throw unencodable(error);
  }
  if (json === undefined) throw unencodable(`a ${typeof payload}`);
  return `4;${json}`;
}

function decodePayload(type: string | undefined, body: string): unknown {
  switch (type) {
    case '0':
      return body;
    case '1':
      return decodeNumber(body);
    case '2':
      if (body !== 'true' && body !== 'false') throw malformedEvent('not a boolean');
      return body === 'true';
    case '3':
      return utf8.encode(body);
    case '4':
      try {
        return JSON.parse(body);
      } catch {
        throw malformedEvent('not JSON'); // what V8 says of it quotes the payload
      }
    default:
      throw malformedEvent('unknown type');
  }
}

function decodeNumber(body: string): number {
  // Number() alone would take '', ' 1' and '0x1' too.
  const number = DECIMAL.test(body) ? Number(body) : Number.NaN;
  if (!Number.isFinite(number)) throw malformedEvent('not a number');
  return number;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch (error) {
    throw malformedEvent(error);
  }
}

function joinBytes(...parts: Uint8Array[]): Uint8Array {
  const message = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let end = 0;
  for (const part of parts) {
    message.set(part, end);
    end += part.length;
  }
  return message;
}
