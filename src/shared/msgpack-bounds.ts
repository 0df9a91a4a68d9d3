/** How deep arrays and maps may nest: more would cost a decoder its stack. */
export const MAX_NESTING = 128;

/** How many values each open array or map still waits for; one scan at a time uses it. */
const waiting = new Uint32Array(MAX_NESTING + 1);

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
 * Tells what is wrong with the msgpack of a peer; undefined: nothing. What passes is one value that
 * ends where the bytes end, nests at most {@link MAX_NESTING} deep, claims no length beyond its
 * bytes and has no extension but timestamps. A decoder can then trust it: the extensions of msgpackr
 * (references, records, bundled strings) let a few bytes stand for very many.
 */
export function findMsgpackFault(bytes: Uint8Array): string | undefined {
  const end = bytes.length;
  let position = 0;
  let depth = 0;
  waiting[0] = 1;
  for (;;) {
    while (waiting[depth] === 0) {
      if (depth === 0) return position === end ? undefined : 'bytes after the value';
      depth--;
    }
    (waiting[depth] as number)--;
    if (position >= end) return 'it ends too early';
    const token = bytes[position++] as number;
    let values = 0;
    if (token < 0x80 || token >= 0xe0) continue;
    if (token < 0xa0) {
      values = token < 0x90 ? (token & 0x0f) * 2 : token & 0x0f;
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
        values = readUint(bytes, position, size) * (token >= 0xde ? 2 : 1);
        position += size;
      } else {
        const timestampBytes = shape === EXTENSION ? measureTimestamp(bytes, position - 1) : 0;
        if (timestampBytes === 0) return 'an unknown extension';
        position += timestampBytes - 1;
      }
    }
    // Each value takes a byte at least, so that a count is refused before anything is made for it.
    if (values > end - position) return 'it ends too early';
    if (values > 0) {
      if (depth === MAX_NESTING) return `more than ${MAX_NESTING} levels`;
      waiting[++depth] = values;
    }
  }
}

/** Big-endian, of 1, 2 or 4 bytes; what is past the end counts as nothing, and is seen later. */
function readUint(bytes: Uint8Array, position: number, size: number): number {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + (bytes[position + i] ?? 0);
  return value;
}

/** The bytes of the timestamp at `position`, of 32, 64 or 96 bits; 0 where there is none. */
function measureTimestamp(bytes: Uint8Array, position: number): number {
  const token = bytes[position];
  if (token === 0xd6 && bytes[position + 1] === 0xff) return 6;
  if (token === 0xd7 && bytes[position + 1] === 0xff) return 10;
  if (token === 0xc7 && bytes[position + 1] === 12 && bytes[position + 2] === 0xff) return 15;
  return 0;
}
