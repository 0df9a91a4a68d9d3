import { createMsgpackCodec } from './msgpack-codec.ts';
import { createTextCodec } from './text-codec.ts';

/** What a frame carries: a string is a text frame, bytes are a binary frame. */
export type Message = string | Uint8Array;

/** The codecs there are. */
export type CodecName = 'text' | 'msgpack';

/** An event of a peer. */
export interface DecodedEvent {
  readonly event: string;
  readonly payload: unknown;
}

/** A message of a peer that is no event. */
export interface DecodedMessage {
  readonly native: Message;
}

/** What a codec has to know of its server. */
export interface CodecOptions {
  /** What an event of the text codec begins with; not empty. */
  readonly eventPrefix: string;
  /** Longest event name, in bytes of UTF-8. */
  readonly maxEventNameBytes: number;
}

/** Turns events and native messages into the messages of frames, and back. */
export interface Codec {
  readonly name: CodecName;
  /**
   * Encodes an event; without a payload it is an event all the same.
   * @throws EngineError ERR_EVENT_NAME, ERR_PAYLOAD
   */
  encode(event: string, payload?: unknown): Message;
  /**
   * Encodes a native message. Where the codec changes nothing the result is `data` itself.
   * @throws EngineError ERR_PAYLOAD for what is neither a string nor bytes
   */
  encodeMessage(data: Message): Message;
  /**
   * Decodes what a peer sent. The result shares no memory with `message`.
   * @throws EngineError ERR_MALFORMED_EVENT, and nothing else, whatever the peer sent
   */
  decode(message: Message): DecodedEvent | DecodedMessage;
}

/** Makes the codec of a server. */
export function createCodec(name: CodecName, options: CodecOptions): Codec {
  return name === 'text' ? createTextCodec(options) : createMsgpackCodec(options);
}
