import { inflateRawSync } from 'node:zlib';

/** What a server has said in a conversation. */
export interface Said {
  /** Its messages, in the notation of frame-case.ts, in order. */
  readonly messages: string[];
  /** The payloads of its pongs in hex, in order: they may overtake messages, or come behind them. */
  readonly pongs: string[];
  /** The code of its close frame; 1005 if that had none; undefined: there was none. */
  close: number | undefined;
}

const RSV1 = 0x40;
const FINAL_BLOCK = Buffer.of(0, 0, 0xff, 0xff, 3, 0);

/**
 * Reads all frames that a server has sent, as strictly as RFC 6455 §5 tells a client to.
 * @param inflates whether messages may be compressed, without context takeover (RFC 7692)
 * @throws Error for anything that a server must not send
 */
export function readServerFrames(bytes: Buffer, inflates = false): Said {
  const said: Said = { messages: [], pongs: [], close: undefined };
  for (let at = 0; at < bytes.length; ) {
    if (said.close !== undefined) throw new Error('there is something behind the close frame');
    const { first, payload, end } = readFrame(bytes, at);
    const isCompressed = inflates && (first === (0x81 | RSV1) || first === (0x82 | RSV1));
    if (isCompressed) take(first & ~RSV1, inflated(payload), said);
    else take(first, payload, said);
    at = end;
  }
  return said;
}

function readFrame(bytes: Buffer, at: number) {
  const second = bytes.readUInt8(at + 1);
  if (second >= 0x80) throw new Error('a frame of the server is masked');
  let start = at + 2;
  let length = second;
  if (second === 126) {
    length = bytes.readUInt16BE(start);
    start += 2;
    if (length < 126) throw new Error('a length is not written in its shortest form');
  } else if (second === 127) {
    length = Number(bytes.readBigUInt64BE(start));
    start += 8;
    if (length < 65_536) throw new Error('a length is not written in its shortest form');
  }
  const end = start + length;
  if (end > bytes.length) throw new Error('the last frame is not whole');
  return { first: bytes.readUInt8(at), payload: bytes.subarray(start, end), end };
}

/** With an end of its own behind it, so that a payload that is not whole is noticed. */
function inflated(payload: Buffer): Buffer {
  return inflateRawSync(Buffer.concat([payload, FINAL_BLOCK]));
}

function take(first: number, payload: Buffer, said: Said): void {
  switch (first) {
    case 0x81:
      said.messages.push(`text ${new TextDecoder('utf-8', UTF8).decode(payload)}`);
      return;
    case 0x82:
      said.messages.push(`binary ${payload.toString('hex')}`);
      return;
    case 0x88:
      if (payload.length === 1) throw new Error('a close frame has half a code');
      said.close = payload.length === 0 ? 1005 : payload.readUInt16BE(0);
      return;
    case 0x8a:
      said.pongs.push(payload.toString('hex'));
      return;
    default:
      throw new Error(`a frame of the server begins with ${first}`);
  }
}

const UTF8 = { fatal: true, ignoreBOM: true };
