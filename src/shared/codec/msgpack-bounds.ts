import { malformedEvent } from './event-rules.ts';

/** The levels that arrays and maps may nest: more would cost a decoder its stack. */
export const MAX_NESTING = 128;

/** The values that each open array or map still waits for; one scan at a time uses it. */
const waiting = new Uint32Array(MAX_NESTING + 1);
/** 1 for each of them that is a map. */
const isMap = new Uint8Array(MAX_NESTING + 1);

/*
 * The bytes that follow each token from 0xc0 to 0xdf, as a scan has to see them:
 *
 *   0 … 8      so many bytes of a scalar
 *   LENGTH     a length of 1, 2 or 4 bytes, then so many bytes of a string or bin
 *   COUNT      a count of 2 or 4 bytes, then so many values of an array, or pairs of a map
 *   EXTENSION  a type, and bytes of it: a timestamp is the one extension that is let in
 *   NEVER      0xc1 means nothing
 */
const LENGTH = 0x10;
const COUNT = 0x20;
const EXTENSION = 0x40;
const NEVER = 0x80;
const SHAPES = Uint8Array.of(
  0, // 0xc0: nil
  NEVER,
  ...[0, 0], // 0xc2: false, true
  ...[LENGTH | 1, LENGTH | 2, LENGTH | 4], // 0xc4: bin 8, 16, 32
  ...[EXTENSION, EXTENSION, EXTENSION], // 0xc7: ext 8, 16, 32
  ...[4, 8], // 0xca: float 32, 64
  ...[1, 2, 4, 8], // 0xcc: uint 8, 16, 32, 64
  ...[1, 2, 4, 8], // 0xd0: int 8, 16, 32, 64
  ...[EXTENSION, EXTENSION, EXTENSION, EXTENSION, EXTENSION], // 0xd4: fixext 1, 2, 4, 8, 16
  ...[LENGTH | 1, LENGTH | 2, LENGTH | 4], // 0xd9: str 8, 16, 32
  ...[COUNT | 2, COUNT | 4], // 0xdc: array 16, 32
  ...[COUNT | 2, COUNT | 4], // 0xde: map 16, 32
);

/**
 * Checks the msgpack of a client. It has to be one value that ends where the bytes end, nests at
 * most {@link MAX_NESTING} deep, and claims no length beyond its bytes. Timestamps are the one
 * extension: those of msgpackr (references, records, bundled strings) let a few bytes stand for
 * very many.
 * @returns whether it is tricky: then {@link unpackCarefully} has to decode it in place of msgpackr
 * @throws EngineError ERR_MALFORMED_EVENT
 */
export function inspectMsgpack(bytes: Uint8Array): boolean {
  const end = bytes.length;
  let position = 0;
  let depth = 0;
  let isTricky = false;
  waiting[0] = 1;
  for (;;) {
    while (waiting[depth] === 0) {
      if (depth === 0 && position < end) throw malformedEvent('bytes after the value');
      if (depth === 0) return isTricky;
      depth--;
    }
    const expected = (waiting[depth] as number)--;
    if (position >= end) throw malformedEvent('it ends too early');
    const token = bytes[position] as number;
    // Key and value come in turns; what is expected is even ahead of a key.
    const isKey = isMap[depth] === 1 && (expected & 1) === 0;
    isTricky ||= isKey ? isIndexKey(bytes, position) : token >= 0xd9 && isMarked(bytes, position);
    position++;
    if (token < 0x80 || token >= 0xe0) continue;
    let values = 0;
    let maps = 0;
    if (token < 0xa0) {
      maps = token < 0x90 ? 1 : 0;
      values = (token & 0x0f) << maps;
    } else if (token < 0xc0) {
      position += token & 0x1f;
    } else {
      const shape = SHAPES[token - 0xc0] as number;
      const size = shape & 0x0f;
      if (shape < LENGTH) {
        position += size;
      } else if (shape < COUNT) {
        position += size + readUint(bytes, position, size);
      } else if (shape < EXTENSION) {
        maps = token >= 0xde ? 1 : 0;
        values = readUint(bytes, position, size) * (1 + maps);
        position += size;
      } else {
        const timestampBytes = shape === EXTENSION ? measureTimestamp(bytes, position - 1) : 0;
        if (timestampBytes === 0) throw malformedEvent('an unknown extension');
        position += timestampBytes - 1;
      }
    }
    // Each value takes a byte at least, so that a count is refused before anything is made for it.
    if (values > end - position) throw malformedEvent('it ends too early');
    if (values > 0) {
      if (depth === MAX_NESTING) throw malformedEvent(`more than ${MAX_NESTING} levels`);
      waiting[++depth] = values;
      isMap[depth] = maps;
    }
  }
}

/** Whether the key at `position` may be that of an array: a number, or a string like one. */
function isIndexKey(bytes: Uint8Array, position: number): boolean {
  const token = bytes[position] as number;
  const isString = (token & 0xe0) === 0xa0 || (token >= 0xd9 && token <= 0xdb);
  const first = bytes[position + headerBytes(token)] ?? 0;
  return !isString || isMarked(bytes, position) || (first >= 0x30 && first <= 0x39);
}

/** Whether at `position` is a string of more than 31 bytes that begins with a byte order mark. */
function isMarked(bytes: Uint8Array, position: number): boolean {
  const token = bytes[position] as number;
  if (token < 0xd9 || token > 0xdb) return false;
  const start = position + headerBytes(token);
  return bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf;
}

/** The bytes of a string ahead of its text. */
function headerBytes(token: number): number {
  return token < 0xd9 ? 1 : 1 + (1 << (token - 0xd9));
}

/** Big-endian, of 1, 2 or 4 bytes; those past the end count as 0, and are missed later. */
function readUint(bytes: Uint8Array, position: number, size: number): number {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + (bytes[position + i] ?? 0);
  return value;
}

/** The bytes of the timestamp at `position`, of 32, 64 or 96 bits; 0 where there is none. */
export function measureTimestamp(bytes: Uint8Array, position: number): number {
  const token = bytes[position];
  if (token === 0xd6 && bytes[position + 1] === 0xff) return 6;
  if (token === 0xd7 && bytes[position + 1] === 0xff) return 10;
  if (token === 0xc7 && bytes[position + 1] === 12 && bytes[position + 2] === 0xff) return 15;
  return 0;
}
