/** The content of a frame: a string is a text frame, bytes are a binary frame. */
export type Message = string | Uint8Array;

/** The codecs there are. */
export type CodecName = 'text' | 'msgpack';

/** An event of the other side. */
export interface DecodedEvent {
  readonly event: string;
  readonly payload: unknown;
  /** The number that an answer has to carry; undefined: the other side wants none. */
  readonly ask?: number;
}

/** The other side's answer. */
export interface DecodedAnswer {
  /** The number of the ask. */
  readonly answerTo: number;
  readonly payload?: unknown;
  /** The reason why there is no answer; undefined: `payload` is the answer. */
  readonly failure?: string;
}

/** The other side's word that it answers asks. */
interface DecodedHello {
  /** The version of acknowledgements: 1. */
  readonly acks: number;
}

/** A message of the other side that is no event. */
export interface DecodedMessage {
  readonly native: Message;
}

/** Any message of the other side. */
export type Decoded = DecodedEvent | DecodedMessage | DecodedAnswer | DecodedHello;

/** Options of a server that its codecs have to know. */
export interface CodecOptions {
  /** The beginning of an event in the text codec; not empty. */
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
   * Makes an encoded event one that wants an answer.
   * @param ask a number from 1 that the answer will carry
   */
  withAsk(event: Message, ask: number): Message;
  /** @throws EngineError ERR_PAYLOAD */
  encodeAnswer(ask: number, payload?: unknown): Message;
  /** Encodes the reason why there is no answer. */
  encodeFailure(ask: number, reason: string): Message;
  /** Encodes the word that the other side may ask. */
  encodeHello(): Message;
  /**
   * Encodes a native message. Where the codec changes nothing the result is `data` itself.
   * @throws EngineError ERR_PAYLOAD for what is neither a string nor bytes
   */
  encodeMessage(data: Message): Message;
  /**
   * Decodes a message of the other side. The result shares no memory with it.
   * @throws EngineError ERR_MALFORMED_EVENT, and nothing else, whatever the message is
   */
  decode(message: Message): Decoded;
}

/** Encodes one message; called at most once for each codec. @throws EngineError ERR_PAYLOAD, … */
export type Encode = (codec: Codec) => Message;

/** The codec option of a server; 'negotiate' = the codec that a client asks for, else text. */
export type CodecChoice = CodecName | 'negotiate';

/** The subprotocol by which a client asks for a codec, and says that it answers asks. */
export const CODEC_SUBPROTOCOLS: Readonly<Record<CodecName, string>> = {
  text: 'fanring.text.v1',
  msgpack: 'fanring.msgpack.v1',
};

/** Whether a subprotocol says that the client answers asks. */
export function impliesAnswers(protocol: string): boolean {
  return Object.values(CODEC_SUBPROTOCOLS).includes(protocol);
}

/** The names of the codecs that a server speaks; the first is for clients that ask for none. */
export function codecNames(choice: CodecChoice): readonly CodecName[] {
  return choice === 'negotiate' ? ['text', 'msgpack'] : [choice];
}
