/*
 * The time of sending, inside a message: digits that every codec and text protocol leaves as they
 * are.
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

/** The offset of a stamp in the bytes from `start` to `end`; −1: there is none. */
export function findStamp(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at <= end - STAMP_BYTES; at++) {
    if (bytes[at] === AT && bytes[at + 1] === T) return at;
  }
  return -1;
}

/** Writes a time over the stamp that begins at `at`. */
export function writeStamp(bytes: Buffer, at: number, time: number): void {
  bytes.write(String(time).padStart(DIGITS, '0'), at + 2, 'latin1');
}

/** Reads the stamp that begins at `at`. */
export function readStamp(bytes: Buffer, at: number): number {
  let time = 0;
  for (let i = at + 2; i < at + STAMP_BYTES; i++) time = time * 10 + (bytes[i] as number) - ZERO;
  return time;
}
