import { Buffer } from 'node:buffer';
import { constants, inflateRawSync, type Zlib } from 'node:zlib';
import { CLOSE_CODES } from '../../shared/codec/frame.ts';

// In one go and in this thread: 6 to 8 µs for a message of 1 KiB, 1.4 ms for one of 1 MiB, which
// decoding its JSON takes as well. So messages stay in order and none waits half inflated.

/** Why a compressed message is refused. */
export interface InflateFault {
  readonly closeCode: typeof CLOSE_CODES.INVALID_PAYLOAD | typeof CLOSE_CODES.MESSAGE_TOO_BIG;
  readonly message: string;
}

const CORRUPT: InflateFault = {
  closeCode: CLOSE_CODES.INVALID_PAYLOAD,
  message: 'a message cannot be inflated',
};

/**
 * What the sender has taken off the end (RFC 7692 section 7.2.1), and behind it a last, empty block:
 * if all that went before is whole, the stream ends with it.
 */
const END = Buffer.of(0x00, 0x00, 0xff, 0xff, 0x03, 0x00);

/** A sender may end a DEFLATE stream and begin another (section 7.2.3.4); each costs a set-up. */
const MAX_STREAMS = 4;

const MIN_CHUNK_BYTES = 64; // of node:zlib
const MAX_CHUNK_BYTES = 16 * 1024;

/**
 * Inflates the payload of a whole message, RFC 7692 section 7.2.2. Not more than `maxMessageSize`
 * bytes, and one chunk of 16 KiB, are inflated before it is refused.
 * @param payload without what its sender has taken off; none is taken for an empty message
 */
export function inflateMessage(payload: Buffer, maxMessageSize: number): Buffer | InflateFault {
  const stream = Buffer.concat([payload, END]);
  return inflate(stream, payload.length, maxMessageSize, constants.Z_FINISH);
}

/** Inflates as much of a message as the bytes that have come so far give away. */
export function inflateBeginning(payload: Buffer, maxMessageSize: number): Buffer | InflateFault {
  return inflate(payload, payload.length, maxMessageSize, constants.Z_SYNC_FLUSH);
}

function inflate(
  bytes: Buffer,
  payloadBytes: number,
  maxMessageSize: number,
  finishFlush: number,
): Buffer | InflateFault {
  const parts: Buffer[] = [];
  let inflatedBytes = 0;
  let at = 0;
  try {
    while (at < payloadBytes) {
      if (parts.length === MAX_STREAMS) return CORRUPT;
      const room = maxMessageSize - inflatedBytes;
      const { buffer, engine } = inflateStream(bytes.subarray(at), room, finishFlush);
      parts.push(buffer);
      inflatedBytes += buffer.length;
      at += engine.bytesWritten;
    }
  } catch (thrown) {
    return faultOf(thrown, maxMessageSize);
  }
  if (inflatedBytes > maxMessageSize) return tooLarge(maxMessageSize);
  // A last stream may end with the payload, or go on to the end of all; not in between.
  if (at !== payloadBytes && at !== bytes.length) return CORRUPT;
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

/** Inflates one DEFLATE stream; there may be another one behind it. */
function inflateStream(bytes: Buffer, maxBytes: number, finishFlush: number): InflatedStream {
  const result: unknown = inflateRawSync(bytes, {
    finishFlush,
    maxOutputLength: Math.max(1, maxBytes),
    chunkSize: Math.min(Math.max(MIN_CHUNK_BYTES, maxBytes), MAX_CHUNK_BYTES),
    info: true,
  });
  return result as InflatedStream;
}

/** What node:zlib returns with `info: true`. */
interface InflatedStream {
  readonly buffer: Buffer;
  /** Its bytesWritten are those that the stream has used up. */
  readonly engine: Zlib;
}

function faultOf(thrown: unknown, maxMessageSize: number): InflateFault {
  const { code } = thrown as { code?: string };
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(maxMessageSize);
  if (code === 'Z_DATA_ERROR' || code === 'Z_BUF_ERROR') return CORRUPT;
  throw thrown;
}

function tooLarge(maxMessageSize: number): InflateFault {
  const message = `a message inflates to more than maxMessageSize (${maxMessageSize} bytes)`;
  return { closeCode: CLOSE_CODES.MESSAGE_TOO_BIG, message };
}
