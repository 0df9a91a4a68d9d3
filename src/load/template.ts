import { createCodecs } from '../shared/codec/codecs.ts';
import { OPCODES } from '../shared/codec/frame.ts';
import { buildClientFrame } from './client-frame.ts';
import type { LoadOptions } from './options.ts';
import { findStamp, stampedPayload, writeStamp } from './stamp.ts';

const MAX_EVENT_NAME_BYTES = 65_535;

type Content = Pick<LoadOptions, 'event' | 'message' | 'payloadSize' | 'codec' | 'eventPrefix'>;

/** The message that is sent, made once: a copy of it differs in its stamp only. */
export class Template {
  readonly #frame: Buffer;
  readonly #stamp: number;

  /** @throws EngineError ERR_EVENT_NAME */
  constructor(content: Content) {
    const message = encode(content);
    const isText = typeof message === 'string';
    const bytes = isText ? Buffer.from(message) : message;
    this.#frame = buildClientFrame(isText ? OPCODES.TEXT : OPCODES.BINARY, bytes);
    this.#stamp = findStamp(this.#frame, 0, this.#frame.length);
  }

  /** A frame that says when it was sent. */
  stamped(time: number): Buffer {
    const frame = Buffer.from(this.#frame);
    writeStamp(frame, this.#stamp, time);
    return frame;
  }
}

function encode({ event, message, payloadSize, codec, eventPrefix }: Content): string | Uint8Array {
  const payload = stampedPayload(payloadSize);
  if (event === undefined) return `${message}${payload}`;
  const options = { codec, eventPrefix, maxEventNameBytes: MAX_EVENT_NAME_BYTES };
  const [chosen] = createCodecs(options);
  return chosen?.encode(event, payload) ?? payload;
}
