/** The key of a room: 64 bits of a hash, and its owner. */
export interface RoomKey {
  readonly hash: number;
  readonly hash2: number;
  readonly owner: number;
}

/**
 * A keyed hash of the name of a room, so that a client that chooses names cannot choose their
 * slots. After HalfSipHash-1-3 (Aumasson, Bernstein: SipHash), on words of two UTF-16 units.
 * @param secret any two words that clients do not know
 * @param owner the number of the room's server and codec
 */
export function roomKey(secret: Int32Array, owner: number, room: string): RoomKey {
  const [k0 = 0, k1 = 0] = secret;
  let [a, b, c, d] = [k0, k1 ^ 0xee, 0x6c796765 ^ k0, 0x74656462 ^ k1];
  // The owner, the pairs of units, the last word with the length, and the four rounds of the end.
  const pairs = room.length >> 1;
  const rounds = pairs + 2 + 4;
  let first = 0;
  for (let round = 0; round < rounds; round++) {
    let word = 0;
    if (round === 0) word = owner;
    else if (round <= pairs) {
      word = room.charCodeAt(2 * round - 2) | (room.charCodeAt(2 * round - 1) << 16);
    } else if (round === pairs + 1) word = lastWord(room);
    else if (round === pairs + 2) c ^= 0xee;
    else if (round === pairs + 5) {
      first = b ^ d;
      b ^= 0xdd;
    }
    d ^= word;
    a = (a + b) | 0;
    b = ((b << 5) | (b >>> 27)) ^ a;
    a = (a << 16) | (a >>> 16);
    c = (c + d) | 0;
    d = ((d << 8) | (d >>> 24)) ^ c;
    a = (a + d) | 0;
    d = ((d << 7) | (d >>> 25)) ^ a;
    c = (c + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ c;
    c = (c << 16) | (c >>> 16);
    a ^= word;
  }
  return { hash: first, hash2: b ^ d, owner };
}

/** The unit without a partner, and a mark, so that no name is the beginning of another. */
function lastWord(room: string): number {
  const unit = (room.length & 1) === 1 ? room.charCodeAt(room.length - 1) : 0;
  return unit | (room.length << 16);
}
