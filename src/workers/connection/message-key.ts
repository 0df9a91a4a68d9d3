import type { CodecName } from '../../shared/codec/codec.ts';
import { OPCODES, opcodeOf, payloadStartOf } from '../../shared/codec/frame.ts';

const SEPARATOR = 0x3b;

// msgpack: the heads of an array of two, and of strings.
const ARRAY_OF_TWO = 0x92;
const ARRAY_OF_THREE = 0x93;
const FIXSTR = 0xa0;
const FIXSTR_MAX = 0xbf;
const STR8 = 0xd9;
const STR16 = 0xda;

/** Names ready frames: of those with one key the newer makes the older ones worthless. */
export class MessageKeys {
  readonly #prefix: Buffer;

  /** @param eventPrefix the beginning of an event of the text codec */
  constructor(eventPrefix: string) {
    this.#prefix = Buffer.from(eventPrefix);
  }

  /**
   * Returns the key of a message: its event and the room it was sent to; of native messages the
   * room. Undefined for an ask or an answer, since nothing replaces it.
   * @param frame a data frame that this library has made
   * @param room '' = everyone
   */
  keyOf(codec: CodecName, frame: Buffer, room: string): string | undefined {
    const event = codec === 'text' ? this.#textEvent(frame) : msgpackEvent(frame);
    return event === undefined ? undefined : `${event};${room}`;
  }

  /** Returns the event's name; '' for a native message. */
  #textEvent(frame: Buffer): string | undefined {
    const start = payloadStartOf(frame);
    const nameStart = start + this.#prefix.length;
    const head = frame.subarray(start, nameStart);
    if (!head.equals(this.#prefix)) return '';
    const nameEnd = frame.indexOf(SEPARATOR, nameStart);
    // Behind the type of an ask, and of an answer, is a mark.
    if (frame[nameEnd + 2] !== SEPARATOR) return undefined;
    return frame.toString('latin1', nameStart, nameEnd);
  }
}

function msgpackEvent(frame: Buffer): string | undefined {
  if (opcodeOf(frame) === OPCODES.TEXT) return '';
  const start = payloadStartOf(frame);
  if (frame[start] === ARRAY_OF_THREE) return undefined; // an ask
  if (frame[start] !== ARRAY_OF_TWO) return '';
  const head = frame[start + 1] as number;
  if (head >= FIXSTR && head <= FIXSTR_MAX) {
    return latin1(frame, start + 2, head - FIXSTR);
  }
  if (head === STR8) return latin1(frame, start + 3, frame.readUInt8(start + 2));
  if (head === STR16) return latin1(frame, start + 4, frame.readUInt16BE(start + 2));
  return undefined; // a number: an answer
}

/** Reads a name as Latin-1: enough to tell names apart, and cheaper than UTF-8. */
function latin1(frame: Buffer, start: number, bytes: number): string {
  return frame.toString('latin1', start, start + bytes);
}
