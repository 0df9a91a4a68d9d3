import { type Buffer, isUtf8 } from 'node:buffer';

/**
 * Checks UTF-8 that may stop in the middle of a character, as early as its bytes allow. F4 90 is
 * refused at once, not when the character would have ended. RFC 3629 §4, RFC 6455 §8.1.
 * @param start where a character begins
 * @param end behind the last byte that has arrived
 * @returns `end`, or the start of the unfinished character at the end. Check on from there when
 *   more has arrived. Undefined if no further bytes can make it valid
 */
export function validUtf8End(bytes: Buffer, start: number, end: number): number | undefined {
  const wholeEnd = lastCharacterEnd(bytes, start, end);
  if (wholeEnd < end && !canBecomeCharacter(bytes, wholeEnd, end)) return undefined;
  return isUtf8(bytes.subarray(start, wholeEnd)) ? wholeEnd : undefined;
}

/** Returns `end`, or the position of a lead byte that needs more bytes than come before `end`. */
function lastCharacterEnd(bytes: Buffer, start: number, end: number): number {
  for (let at = end - 1; at >= start && at >= end - 3; at--) {
    const byte = bytes[at] as number;
    if (byte >= 0xc0) return end - at < characterBytes(byte) ? at : end;
    if (byte < 0x80) return end;
  }
  return end;
}

function characterBytes(lead: number): number {
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

/** Checks the lead and the second byte; the caller has seen that continuation bytes follow. */
function canBecomeCharacter(bytes: Buffer, at: number, end: number): boolean {
  const lead = bytes[at] as number;
  if (lead < 0xc2 || lead > 0xf4) return false;
  if (at + 1 === end) return true;
  const second = bytes[at + 1] as number;
  if (lead === 0xe0) return second >= 0xa0; // smaller: an overlong form
  if (lead === 0xed) return second <= 0x9f; // larger: a surrogate
  if (lead === 0xf0) return second >= 0x90; // smaller: an overlong form
  return lead !== 0xf4 || second <= 0x8f; // larger: beyond U+10FFFF
}
