import { strict as assert } from 'node:assert';
import type { SerializedError } from '../api/errors.ts';
import type { Backpressure } from '../api/public-types.ts';
import { MAX_NAME_BYTES } from '../api/room-name.ts';
import type { Message } from '../codec/codec.ts';
import { encodeFrame } from '../codec/frame.ts';
import type { Several } from '../spread/selection.ts';

/*
 * A record is what a ring carries: 16 bytes, a name, a body. Little-endian.
 *
 *   0      1      2             4                           8
 *   +------+------+-------------+---------------------------+---------------------------+
 *   | kind | flag | name bytes  | server number             | connection number (f64)   |
 *   +------+------+-------------+---------------------------+---------------------------+
 *   | name (UTF-8) …            | body …
 *   +---------------------------+------------------------------------------------------
 *
 * Connection numbers are never used twice, so that a late record cannot reach another connection;
 * 32 bits would wrap within weeks, so they are doubles. 0 = no connection.
 */

/** The kinds of records. */
export const RecordKind = {
  // to a shard
  /**
   * Body: a frame, for the members of the room `name`, or for all where it is '', that speak the
   * codec; `connection` is left out.
   */
  PUBLISH: 1,
  /** Body: a frame, for `connection`. */
  SEND: 2,
  /** `connection`, which speaks the codec, enters the room `name`. */
  JOIN: 3,
  /** `connection` leaves the room `name`. */
  LEAVE: 4,
  /** Close `connection`. Body: close code (u16), reason. */
  DISCONNECT: 5,
  /** The closures are about to be told of `connection`: messages may reach it from here on. */
  ENTER: 6,
  /** The closures have been told of `connection`: its handshake may be finished. */
  OPEN: 7,
  /** The closures have been told that `connection` has ended: this is the last record for it. */
  CONCLUDED: 8,
  /** The closures refuse `connection`, whose 101 has not left. Body: a RefusalTerms in JSON. */
  REFUSE: 9,
  /** Handlers of `connection` are behind: it is not read, until RELEASE. */
  HOLD: 10,
  RELEASE: 11,
  /** An ask of the room `name`; body: an AskBody. */
  ASK: 12,
  /**
   * As PUBLISH, for `Several`; `connection` is left out of '' alone. Body: the length of its JSON
   * (u32), the JSON, a frame.
   */
  PUBLISH_SEVERAL: 13,
  /** A command for connections. Body: a CommandBody in JSON. */
  COMMAND: 14,
  /** A list is wanted. Body: a ListBody. */
  LIST: 15,
  // to the thread that asked
  /** The answers of the members in one shard; body: an AskResultBody. */
  ASK_RESULT: 16,
  /** The entries of one shard in a list. Body: a ListResultBody. */
  LIST_RESULT: 17,
  // to any thread
  /** The time of its sending (i64, ns) shows how late records are. It belongs to no server. */
  PROBE: 18,
  // to the primary
  /** An upgrade has arrived; the shard waits for OPEN. */
  CONNECTED: 19,
  /** Body: a message of the client. */
  MESSAGE: 20,
  /** Body: the ping's payload. */
  PING: 21,
  /** Body: the pong's payload. */
  PONG: 22,
  /** Body: a {@link SerializedError} in JSON. */
  ERROR: 23,
  /** Body: a {@link Backpressure} in JSON. */
  BACKPRESSURE: 24,
  /** The last record of `connection`. Body: close code (u16), reason. */
  DISCONNECTED: 25,
} as const;

/** One of {@link RecordKind}. */
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

/** Bytes in front of a record's name. */
export const HEADER_BYTES = 16;

/** The fields in front of a record's body; all but `kind` and `server` may be left out. */
export interface RecordHeader {
  kind: RecordKind;
  server: number;
  connection?: number;
  /** At most {@link MAX_NAME_BYTES} of UTF-8. */
  name?: string;
  // The flag is one of these.
  /** The codec of PUBLISH, PUBLISH_SEVERAL and JOIN: its index among those of the server. */
  codec?: number;
  /** The number of codecs that the server of a COMMAND has. */
  codecs?: number;
  /** Whether a MESSAGE is binary. */
  isBinary?: boolean;
  /** Whether answers to asks follow a DISCONNECT, and go ahead of the close. */
  owesAnswers?: boolean;
  /** Whether a SEND is the answer to a client that asks whether we are there. */
  isProbeAnswer?: boolean;
}

/** A record whose body is raw bytes. */
export function encodeRecord(header: RecordHeader, body?: Uint8Array): Buffer {
  const nameBytes = byteLengthOf(header.name);
  const bodyStart = HEADER_BYTES + nameBytes;
  const record = Buffer.allocUnsafe(bodyStart + (body?.length ?? 0));
  writeHeader(record, header, nameBytes);
  if (body) record.set(body, bodyStart);
  return record;
}

/** A record whose body is the one frame that every receiver of `message` gets. */
export function encodeFrameRecord(header: RecordHeader, message: Message): Buffer {
  const nameBytes = byteLengthOf(header.name);
  const record = encodeFrame(message, HEADER_BYTES + nameBytes);
  writeHeader(record, header, nameBytes);
  return record;
}

/** A record whose body is a {@link Several} in JSON and the one frame that every receiver gets. */
export function encodeSeveralRecord(header: RecordHeader, several: Several, message: Message) {
  const text = JSON.stringify(several);
  const bytes = Buffer.byteLength(text);
  const record = encodeFrame(message, HEADER_BYTES + 4 + bytes);
  writeHeader(record, header, 0);
  record.writeUInt32LE(bytes, HEADER_BYTES);
  record.write(text, HEADER_BYTES + 4, bytes, 'utf8');
  return record;
}

/** The offset of the frame in a PUBLISH or PUBLISH_SEVERAL record. */
export function frameStartOf(record: Buffer, start: number): number {
  const bodyStart = start + HEADER_BYTES + record.readUInt16LE(start + 2);
  if (record[start] !== RecordKind.PUBLISH_SEVERAL) return bodyStart;
  return bodyStart + 4 + record.readUInt32LE(bodyStart);
}

/** A record whose body is a close code and a reason. */
export function encodeCloseRecord(header: RecordHeader, code: number, reason: string): Buffer {
  const body = Buffer.allocUnsafe(2 + Buffer.byteLength(reason));
  body.writeUInt16LE(code, 0);
  body.write(reason, 2, 'utf8');
  return encodeRecord(header, body);
}

/** A record whose body is an error. */
export function encodeErrorRecord(header: RecordHeader, error: SerializedError): Buffer {
  return encodeRecord(header, Buffer.from(JSON.stringify(error)));
}

function byteLengthOf(name: string | undefined): number {
  return name === undefined || name === '' ? 0 : Buffer.byteLength(name);
}

function writeHeader(record: Buffer, header: RecordHeader, nameBytes: number): void {
  assert(nameBytes <= MAX_NAME_BYTES, 'a name fits its length field');
  record[0] = header.kind;
  const isSet = header.isBinary || header.isProbeAnswer || header.owesAnswers;
  record[1] = header.codec ?? header.codecs ?? (isSet ? 1 : 0);
  record.writeUInt16LE(nameBytes, 2);
  record.writeUInt32LE(header.server, 4);
  record.writeDoubleLE(header.connection ?? 0, 8);
  if (nameBytes > 0) record.write(header.name as string, HEADER_BYTES, nameBytes, 'utf8');
}
