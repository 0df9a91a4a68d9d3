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

/** Reads out of ready frames what they say, for those who keep only the newest of each event. */
export class MessageKeys {
  readonly #prefix: Buffer;

  /** @param eventPrefix what an event of the text codec begins with */
  constructor(eventPrefix: string) {
    this.#prefix = Buffer.from(eventPrefix);
  }

  /**
   * What two messages have in common of which the newer makes the older one worthless: the event and
   * the room it was sent to; of native messages the room. Undefined for what nothing else replaces:
   * a question or an answer.
   * @param frame a data frame that this library has made
   * @param room '' = everyone
   */
  keyOf(codec: CodecName, frame: Buffer, room: string): string | undefined {
    const event = codec === 'text' ? this.#textEvent(frame) : msgpackEvent(frame);
    return event === undefined ? undefined : `${event};${room}`;
  }

  /** The event's name; '' for a native message. */
  #textEvent(frame: Buffer): string | undefined {
    const start = payloadStartOf(frame);
    const nameStart = start + this.#prefix.length;
    const head = frame.subarray(start, nameStart);
    if (!head.equals(this.#prefix)) return '';
    const nameEnd = frame.indexOf(SEPARATOR, nameStart);
    // Behind the type of a question, and of an answer, is a mark.
    if (frame[nameEnd + 2] !== SEPARATOR) return undefined;
    return frame.toString('latin1', nameStart, nameEnd);
  }
}

function msgpackEvent(frame: Buffer): string | undefined {
  if (opcodeOf(frame) === OPCODES.TEXT) return '';
  const start = payloadStartOf(frame);
  if (frame[start] === ARRAY_OF_THREE) return undefined; // a question
  if (frame[start] !== ARRAY_OF_TWO) return '';
  const head = frame[start + 1] as number;
  if (head >= FIXSTR && head <= FIXSTR_MAX) {
    return latin1(frame, start + 2, head - FIXSTR);
  }
  if (head === STR8) return latin1(frame, start + 3, frame.readUInt8(start + 2));
  if (head === STR16) return latin1(frame, start + 4, frame.readUInt16BE(start + 2));
  return undefined; // a number: an answer
}

/** Enough to tell names apart, and cheaper than UTF-8. */
function latin1(frame: Buffer, start: number, bytes: number): string {
  return frame.toString('latin1', start, start + bytes);
}
