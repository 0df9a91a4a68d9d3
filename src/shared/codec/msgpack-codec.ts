import type * as Msgpackr from 'msgpackr';
// These two entries, unlike the main one, never load the optional native addon.
import { Packr } from 'msgpackr/pack';
import { Unpackr } from 'msgpackr/unpack';
import { unpackCarefully } from './careful-unpack.ts';
import type { Codec, CodecOptions, Decoded } from './codec.ts';
import {
  checkEventName,
  isEventName,
  malformedEvent,
  nameRule,
  nativeMessage,
  unencodable,
} from './event-rules.ts';
import { inspectMsgpack, MAX_NESTING } from './msgpack-bounds.ts';
import { packable } from './msgpack-values.ts';
import { mayHoldSurrogate, wellFormed } from './well-formed.ts';

/*
 * An event, in a binary frame: array of two | str: event name | payload
 * Wants an answer:             array of three | str: event name | payload | int: number from 1
 * An answer:                   array of two | int: number | payload
 * No answer:                   array of two | int: −number | str: reason
 * The other side may ask:      array of two | 0 | 1
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
  // Else bytes are views of the input, which is not ours to keep.
  copyBuffers: true,
  // A number as far as one is exact, a bigint beyond.
  int64AsType: 'auto',
});

/**
 * Makes a codec of events in msgpack (PROTOCOL.md). An event without a payload is `[event, nil]`
 * and arrives with the payload null. A payload may nest {@link MAX_NESTING} − 1 deep.
 */
export function createMsgpackCodec({ maxEventNameBytes }: CodecOptions): Codec {
  return {
    name: 'msgpack',
    encode(event, payload) {
      checkEventName(event, maxEventNameBytes);
      return packWith(event, payload);
    },
    withAsk(event, ask) {
      const packed = event as Uint8Array;
      const number = pack(numberOf(ask));
      const message = new Uint8Array(packed.length + number.length);
      message.set(packed);
      message.set(number, packed.length);
      message[0] = ARRAY_OF_THREE;
      return message;
    },
    encodeAnswer: (ask, payload) => packWith(numberOf(ask), payload),
    encodeFailure: (ask, reason) => pack([numberOf(-ask), reason]),
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

/** Packs a payload behind its head, and in UTF-8, which msgpackr does not look after. */
function packWith(head: string | number | bigint, payload: unknown): Uint8Array {
  const value = packable(payload);
  const packed = pack([head, value]);
  if (value instanceof Uint8Array || !mayHoldSurrogate(packed)) return packed;
  const mended = wellFormed(value);
  return Object.is(mended, value) ? packed : pack([head, mended]);
}

function pack(value: unknown): Uint8Array {
  try {
    return packr.pack(value);
  } catch (error) {
    throw unencodable(error);
  }
}

/** The number of an ask, as msgpackr writes an int: with more than 32 bits it would be a float. */
function numberOf(ask: number): number | bigint {
  return ask === (ask | 0) || ask === ask >>> 0 ? ask : BigInt(ask);
}

function decodeBinary(message: Uint8Array, maxEventNameBytes: number): Decoded {
  const value = unpack(message, inspectMsgpack(message));
  if (value instanceof Uint8Array) return { native: value };
  if (!Array.isArray(value) || value.length < 2 || value.length > 3) throw malformedEvent(LAYOUT);
  const [head, payload, ask] = value as unknown[];
  if (typeof head === 'number') return decodeAnswer(value.length, head, payload);
  if (typeof head !== 'string') throw malformedEvent(LAYOUT);
  if (!isEventName(head, maxEventNameBytes) || head.includes(';')) {
    throw malformedEvent(nameRule(maxEventNameBytes));
  }
  if (value.length === 2) return { event: head, payload };
  if (!Number.isSafeInteger(ask) || Number(ask) < 1) throw malformedEvent(LAYOUT);
  return { event: head, payload, ask: Number(ask) };
}

const LAYOUT = 'neither [name, payload] nor a bin';

function decodeAnswer(length: number, number: number, payload: unknown): Decoded {
  if (length !== 2 || !Number.isSafeInteger(number)) throw malformedEvent(LAYOUT);
  if (number > 0) return { answerTo: number, payload };
  if (number < 0 && typeof payload === 'string') return { answerTo: -number, failure: payload };
  if (number !== 0 || payload !== 1) throw malformedEvent(LAYOUT);
  return { acks: 1 };
}

function unpack(message: Uint8Array, isTricky: boolean): unknown {
  // msgpackr would make Buffers of a Buffer, where the text codec makes arrays of bytes.
  const bytes = new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
  try {
    return isTricky ? unpackCarefully(bytes) : unpackr.unpack(bytes);
  } catch (error) {
    throw malformedEvent(error);
  }
}
