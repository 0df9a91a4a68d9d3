import { strict as assert } from 'node:assert';
import { deserialize } from 'node:v8';
import type { SerializedError } from '../api/errors.ts';
import type { Backpressure } from '../api/public-types.ts';
import type { Message } from '../codec/codec.ts';
import { encodeFrame } from '../codec/frame.ts';
import type { Several } from '../emit/selection.ts';

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

/** What a record says. */
export const RecordKind = {
  // to a shard
  /**
   * Body: a frame, for those members of the room `name`, or of all where it is '', who speak the
   * codec whose number is in `flag`; but not for `connection`.
   */
  PUBLISH: 1,
  /** Body: a frame, for `connection`. */
  SEND: 2,
  /** `connection` enters the room `name`; flag is its codec. */
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
  /** A question to the room `name`; body: an AskBody. */
  ASK: 9,
  /**
   * As PUBLISH, for `Several`. Body: the length of its JSON (u32), the JSON, a frame.
   * `connection` is not among everyone.
   */
  PUBLISH_SEVERAL: 10,
  /** Connections shall do something. Body: a CommandBody in JSON; flag: the server's codecs. */
  COMMAND: 11,
  /** A list is wanted. Body: a QueryBody. */
  QUERY: 12,
  // to whoever asked
  /** What the members in one shard have answered; body: an AskResultBody. */
  ASK_RESULT: 13,
  /** What is in one shard's list. Body: a QueryResultBody. */
  QUERY_RESULT: 14,
  // to any thread
  /** Body: when it was sent (i64, ns). Of no server: it tells how late records are. */
  PROBE: 15,
  // to the primary
  /** An upgrade has arrived; the shard waits for OPEN. */
  CONNECTED: 16,
  /** Body: a message of the client; flag is 1 where it is binary. */
  MESSAGE: 17,
  /** Body: the ping's payload. */
  PING: 18,
  /** Body: the pong's payload. */
  PONG: 19,
  /** Body: a {@link SerializedError} in JSON. */
  ERROR: 20,
  /** Body: a {@link Backpressure} in JSON. */
  BACKPRESSURE: 21,
  /** The last record of `connection`. Body: close code (u16), reason. */
  DISCONNECTED: 22,
} as const;

/** One of {@link RecordKind}. */
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

const HEADER_BYTES = 16;

/** Bytes of UTF-8 that a record's name may have at most. */
export const MAX_NAME_BYTES = 0xffff;

/** The fields in front of a record's body; all but `kind` and `server` may be left out. */
export interface RecordHeader {
  kind: RecordKind;
  server: number;
  connection?: number;
  /** At most {@link MAX_NAME_BYTES} of UTF-8. */
  name?: string;
  flag?: number;
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
  record[1] = header.flag ?? 0;
  record.writeUInt16LE(nameBytes, 2);
  record.writeUInt32LE(header.server, 4);
  record.writeDoubleLE(header.connection ?? 0, 8);
  if (nameBytes > 0) record.write(header.name as string, HEADER_BYTES, nameBytes, 'utf8');
}

/*
 * Reading: a record is a stretch of bytes of a ring, valid only during the call that got it.
 */

/** The record's kind. */
export function kindOf(record: Buffer, start: number): number {
  return record[start] as number;
}

/** The record's flag. */
export function flagOf(record: Buffer, start: number): number {
  return record[start + 1] as number;
}

/** The number of the server that the record is about. */
export function serverOf(record: Buffer, start: number): number {
  return record.readUInt32LE(start + 4);
}

/** The number of the connection that the record is about; 0 = none. */
export function connectionOf(record: Buffer, start: number): number {
  return record.readDoubleLE(start + 8);
}

/** The record's name. */
export function nameOf(record: Buffer, start: number): string {
  return record.toString('utf8', start + HEADER_BYTES, bodyStartOf(record, start));
}

/** Where the record's body begins. */
export function bodyStartOf(record: Buffer, start: number): number {
  return start + HEADER_BYTES + record.readUInt16LE(start + 2);
}

/** The record's body, copied out of the ring. */
export function copyBody(record: Buffer, start: number, end: number): Buffer {
  const bodyStart = bodyStartOf(record, start);
  const body = Buffer.allocUnsafe(end - bodyStart);
  record.copy(body, 0, bodyStart, end);
  return body;
}

/** The record's body as text. */
export function textBodyOf(record: Buffer, start: number, end: number): string {
  return record.toString('utf8', bodyStartOf(record, start), end);
}

/** The record's body as the value of which it is a structured clone; bytes in it are parts of it. */
export function cloneBodyOf<Body>(record: Buffer, start: number, end: number): Body {
  return deserialize(copyBody(record, start, end)) as Body;
}

/** Where the frame of a PUBLISH or PUBLISH_SEVERAL record begins. */
export function frameStartOf(record: Buffer, start: number): number {
  const bodyStart = bodyStartOf(record, start);
  const isSeveral = kindOf(record, start) === RecordKind.PUBLISH_SEVERAL;
  return isSeveral ? bodyStart + 4 + record.readUInt32LE(bodyStart) : bodyStart;
}

/** The {@link Several} in the record's body, and where the frame behind it begins. */
export function severalOf(record: Buffer, start: number) {
  const frameStart = frameStartOf(record, start);
  const several = record.toString('utf8', bodyStartOf(record, start) + 4, frameStart);
  return { several: JSON.parse(several) as Several, frameStart };
}

/** The close code and reason in the record's body. */
export function closeOf(record: Buffer, start: number, end: number) {
  const bodyStart = bodyStartOf(record, start);
  return {
    code: record.readUInt16LE(bodyStart),
    reason: record.toString('utf8', bodyStart + 2, end),
  };
}

/** The error in the record's body. */
export function errorOf(record: Buffer, start: number, end: number): SerializedError {
  return JSON.parse(textBodyOf(record, start, end)) as SerializedError;
}

/** The state of a connection in the record's body. */
export function backpressureOf(record: Buffer, start: number, end: number): Backpressure {
  return JSON.parse(textBodyOf(record, start, end)) as Backpressure;
}
