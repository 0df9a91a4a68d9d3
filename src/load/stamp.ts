/*
 * When a message was sent, inside of it: digits that every codec and every text protocol leaves as
 * they are.
 *
 *     '@' 't' d d d d d d d d d d d d d d     µs on the clock of the process, 14 decimal digits
 */

const AT = 0x40; // '@'
const T = 0x74; // 't'
const ZERO = 0x30; // '0'
const DIGITS = 14;

/** Bytes of a stamp: a payload that carries one has at least as many. */
export const STAMP_BYTES = 2 + DIGITS;

/** A payload of so many bytes with a stamp at its beginning that is yet to be written. */
export function stampedPayload(bytes: number): string {
  return `@t${'0'.repeat(DIGITS)}`.padEnd(bytes, 'x');
}

/** The clock that stamps are of, in whole µs. */
export function microseconds(): number {
  return Math.floor(performance.now() * 1000);
}

/** Where in the bytes from `start` to `end` a stamp begins; −1: nowhere. */
export function findStamp(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at <= end - STAMP_BYTES; at++) {
    if (bytes[at] === AT && bytes[at + 1] === T) return at;
  }
  return -1;
}

/** Writes a time over the stamp that begins at `at`. */
export function writeStamp(bytes: Buffer, at: number, time: number): void {
  let rest = time;
  for (let i = at + STAMP_BYTES - 1; i > at + 1; i--) {
    bytes[i] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** Reads the stamp that begins at `at`. */
export function readStamp(bytes: Buffer, at: number): number {
  let time = 0;
  for (let i = at + 2; i < at + STAMP_BYTES; i++) time = time * 10 + (bytes[i] as number) - ZERO;
  return time;
}
