import type * as Msgpackr from 'msgpackr';
// These two entries, unlike the main one, never load the optional native addon.
import { Packr } from 'msgpackr/pack';
import { Unpackr } from 'msgpackr/unpack';
import type { Codec, CodecOptions, Decoded } from './codec.ts';
import { EngineError } from './errors.ts';
import {
  bytesOf,
  checkEventName,
  isEventName,
  malformedEvent,
  nativeMessage,
  unencodable,
} from './event-rules.ts';
import { findMsgpackFault, MAX_NESTING } from './msgpack-bounds.ts';

/*
 * An event, in a binary frame: array of two | str: event name | payload
 * Wants an answer:             array of three | str: event name | payload | int: number from 1
 * An answer:                   array of two | int: number | payload
 * No answer:                   array of two | int: −number | str: reason
 * The peer may ask:            array of two | 0 | 1
 * A native binary message:     bin
 *
 * Plain msgpack, which every language can read: no records, no extension but timestamps.
 */
const ARRAY_OF_THREE = 0x93;

const packr: Msgpackr.Packr = new Packr({
  useRecords: false,
  variableMapSize: true,
  encodeUndefinedAsNil: true,
  onInvalidDate: () => null,
});
const unpackr: Msgpackr.Unpackr = new Unpackr({
  useRecords: false,
  // msgpackr decodes bytes as views of its input, which is not ours to keep.
  copyBuffers: true,
  // A number as far as one is exact, a bigint beyond.
  int64AsType: 'auto',
});

/**
 * Makes a codec of events in msgpack (PROTOCOL.md). An event without a payload is `[event, nil]` and
 * arrives with the payload null. A payload may nest {@link MAX_NESTING} − 1 deep.
 */
export function createMsgpackCodec({ maxEventNameBytes }: CodecOptions): Codec {
  return {
    name: 'msgpack',
    encode(event, payload) {
      checkEventName(event, maxEventNameBytes);
      return pack([event, packable(payload)]);
    },
    withAsk(event, ask) {
      const packed = event as Uint8Array;
      const number = pack(ask);
      const message = new Uint8Array(packed.length + number.length);
      message.set(packed);
      message.set(number, packed.length);
      message[0] = ARRAY_OF_THREE;
      return message;
    },
    encodeAnswer: (ask, payload) => pack([ask, packable(payload)]),
    encodeFailure: (ask, reason) => pack([-ask, reason]),
    encodeHello: () => pack([0, 1]),
    encodeMessage(data) {
      const message = nativeMessage(data);
      return typeof message === 'string' ? message : pack(message);
    },
    decode(message) {
      if (typeof message === 'string') return { native: message };
      return decodeBinary(message, maxEventNameBytes);
    },
  };
}

function packable(payload: unknown): unknown {
  const type = typeof payload;
  if (type === 'function' || type === 'symbol') throw unencodable(`a ${type} has no msgpack`);
  return bytesOf(payload) ?? payload;
}

function pack(value: unknown): Uint8Array {
  try {
    checkPackable(value, 0);
    return packr.pack(value);
  } catch (error) {
    throw error instanceof EngineError ? error : unencodable(error);
  }
}

/** Refuses what msgpackr would not refuse, but write wrongly or not come back from. */
function checkPackable(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  // Of any other view it would write some bytes, and behind them what its buffer held before.
  if (ArrayBuffer.isView(value)) throw unencodable('a view inside it is no Uint8Array');
  if (depth === MAX_NESTING) throw unencodable(`it nests deeper than ${MAX_NESTING - 1}`);
  for (const part of partsOf(value)) checkPackable(part, depth + 1);
}

/** What msgpackr writes of an object. */
function partsOf(value: object): Iterable<unknown> {
  if (Array.isArray(value) || value instanceof Set) return value;
  if (value instanceof Map) return partsOfMap(value);
  if (value instanceof Error) return [value.cause];
  if ('toJSON' in value && typeof value.toJSON === 'function') return [value.toJSON()];
  return Object.values(value);
}

/** Its keys arrive as those of an object, of which nothing else can be one. */
function partsOfMap(map: ReadonlyMap<unknown, unknown>): Iterable<unknown> {
  for (const key of map.keys()) {
    if (typeof key === 'object' && key !== null) throw unencodable('an object is the key of a Map');
  }
  return [...map.keys(), ...map.values()];
}

function decodeBinary(message: Uint8Array, maxEventNameBytes: number): Decoded {
  const fault = findMsgpackFault(message);
  if (fault !== undefined) throw malformedEvent(fault);
  const value = unpack(message);
  if (value instanceof Uint8Array) return { native: value };
  if (!Array.isArray(value) || value.length < 2 || value.length > 3) throw malformedEvent(LAYOUT);
  const [head, payload, ask] = value as unknown[];
  if (typeof head === 'number') return decodeAnswer(value.length, head, payload);
  if (typeof head !== 'string') throw malformedEvent(LAYOUT);
  if (!isEventName(head, maxEventNameBytes) || head.includes(';')) {
    const rule = `1 to maxEventNameBytes (${maxEventNameBytes}) bytes without ';'`;
    throw malformedEvent(`an event name has ${rule}`);
  }
  if (value.length === 2) return { event: head, payload };
  if (!Number.isSafeInteger(ask) || Number(ask) < 1) throw malformedEvent(LAYOUT);
  return { event: head, payload, ask: Number(ask) };
}

const LAYOUT = 'neither [name, payload] nor a bin';

function decodeAnswer(length: number, number: number, payload: unknown): Decoded {
  if (length !== 2 || !Number.isSafeInteger(number)) throw malformedEvent(LAYOUT);
  if (number > 0) return { answerTo: number, payload };
  if (number < 0) return { answerTo: -number, failure: String(payload) };
  if (payload !== 1) throw malformedEvent(LAYOUT);
  return { acks: 1 };
}

function unpack(message: Uint8Array): unknown {
  // Of a Buffer it would make Buffers, where the text codec makes arrays of bytes.
  const bytes = new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
  try {
    return unpackr.unpack(bytes);
  } catch (error) {
    throw malformedEvent(error);
  }
}
