import type { Codec, CodecOptions, DecodedEvent } from './codec.ts';
import {
  bytesOf,
  checkEventName,
  isEventName,
  malformedEvent,
  nativeMessage,
  unencodable,
} from './event-rules.ts';

/** What an event begins with, as the existing iris clients and servers have it. */
export const DEFAULT_EVENT_PREFIX = 'iris-websocket-message:';

/*
 * An event, in a text frame; where its payload is bytes (type 3), in a binary frame:
 *
 *   | prefix | event name | ; | type: one digit | ; | payload … |
 */
const SEPARATOR = 0x3b;
const STRING = 0x30;
const NUMBER = 0x31;
const BOOLEAN = 0x32;
const BYTES = 0x33;
const JSON_TEXT = 0x34;

const DECIMAL = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

const utf8 = new TextEncoder();
// The protocol does not check a binary frame for UTF-8, and nothing may vanish from a payload.
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Makes a codec of the iris text protocol (PROTOCOL.md); runs in browsers too. */
export function createTextCodec({ eventPrefix, maxEventNameBytes }: CodecOptions): Codec {
  const prefixBytes = utf8.encode(eventPrefix);

  function decodeText(message: string): DecodedEvent {
    const start = eventPrefix.length;
    const end = message.indexOf(';', start);
    if (end < 0 || message.charCodeAt(end + 2) !== SEPARATOR) {
      throw malformedEvent("not 'name;type;payload'");
    }
    const event = message.slice(start, end);
    if (!isEventName(event, maxEventNameBytes)) {
      throw malformedEvent(`its name is not 1 to maxEventNameBytes (${maxEventNameBytes}) bytes`);
    }
    return { event, payload: decodePayload(message.charCodeAt(end + 1), message.slice(end + 3)) };
  }

  function decodeBinary(message: Uint8Array): DecodedEvent {
    const bodyStart = message.indexOf(SEPARATOR, prefixBytes.length) + 3;
    if (message[bodyStart - 2] !== BYTES) return decodeText(decodeUtf8(message));
    const { event } = decodeText(decodeUtf8(message.subarray(0, bodyStart)));
    return { event, payload: new Uint8Array(message.subarray(bodyStart)) };
  }

  return {
    name: 'text',
    encode(event, payload) {
      checkEventName(event, maxEventNameBytes);
      const header = eventPrefix + event;
      if (typeof payload === 'string') return `${header};0;${payload}`;
      const bytes = bytesOf(payload);
      return bytes ? joinBytes(`${header};3;`, bytes) : `${header};${encodePayload(payload)}`;
    },
    encodeMessage: nativeMessage,
    decode(message) {
      if (typeof message === 'string') {
        return message.startsWith(eventPrefix) ? decodeText(message) : { native: message };
      }
      if (startsWith(message, prefixBytes)) return decodeBinary(message);
      return { native: new Uint8Array(message) };
    },
  };
}

/** The type, the separator and the payload of what is neither a string nor bytes. */
function encodePayload(payload: unknown): string {
  if (payload === undefined) return '0;';
  if (typeof payload === 'boolean') return `2;${payload}`;
  if (Number.isSafeInteger(payload)) return `1;${payload}`;
  // As JSON it would become null.
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

function decodePayload(type: number, body: string): unknown {
  switch (type) {
    case STRING:
      return body;
    case NUMBER:
      return decodeNumber(body);
    case BOOLEAN:
      if (body !== 'true' && body !== 'false') throw malformedEvent('not a boolean');
      return body === 'true';
    case BYTES:
      return utf8.encode(body);
    case JSON_TEXT:
      try {
        return JSON.parse(body);
      } catch (error) {
        throw malformedEvent(error);
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

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  // Not prefix.every(…): that takes ten times as long.
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false;
  return true;
}

function joinBytes(header: string, bytes: Uint8Array): Uint8Array {
  const head = utf8.encode(header);
  const message = new Uint8Array(head.length + bytes.length);
  message.set(head);
  message.set(bytes, head.length);
  return message;
}
