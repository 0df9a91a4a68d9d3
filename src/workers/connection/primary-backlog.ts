import { PRIMARY } from '../../shared/messages/control-messages.ts';
import type { Mailbox } from '../../shared/ring/mailbox.ts';
import type { ShardSocket } from './socket-context.ts';

/** Unread bytes in the ring of the primary from which on it counts as behind. */
const BEHIND_BYTES = 16 * 2 ** 10;
/** Messages that a socket may send in a round, and those of all sockets that were held in one. */
const MOST_OF_SOCKET = 64;
const LEAST_OF_SOCKET = 8;
const OF_ALL_HELD = 640;
/** Bytes, as a power of two, for which a message counts once more. */
const BYTES_BITS = 12;

/** The mailbox of a shard, as far as it tells of the primary. */
type PrimaryRing = Pick<
  Mailbox,
  'isCongested' | 'unreadBy' | 'writtenTo' | 'hasRead' | 'awaitRead'
>;

/**
 * Sockets that are not read for the primary's sake. A socket that has sent more than its share
 * while the primary is behind is held until that has caught up. So those who send little wait for
 * little. A round ends when the primary has read all that was sent before it.
 */
export class PrimaryBacklog {
  readonly #ring: PrimaryRing;
  readonly #held = new Set<ShardSocket>();
  #round = 1;
  /** Bytes that had been written to the ring when the round began. */
  #roundAt = 0;
  #share = MOST_OF_SOCKET;

  constructor(ring: PrimaryRing) {
    this.#ring = ring;
  }

  /** Counts a message that a socket has sent to the primary, and holds the socket if need be. */
  sent(socket: ShardSocket, bytes: number): void {
    if (socket.sentIn !== this.#round) {
      socket.sentIn = this.#round;
      socket.sentInRound = 0;
    }
    socket.sentInRound += 1 + (bytes >> BYTES_BITS);
    const isAbove = socket.sentInRound > this.#share && this.#isBehind();
    if (!isAbove && !this.#ring.isCongested(PRIMARY)) return;
    if (this.#held.has(socket)) return;
    this.#held.add(socket);
    socket.hold();
    this.#ring.awaitRead(PRIMARY, this.#roundAt);
  }

  /** Releases the sockets if the primary has caught up. */
  recheck(): void {
    if (this.#held.size === 0 || this.#ring.isCongested(PRIMARY)) return;
    if (!this.#ring.hasRead(PRIMARY, this.#roundAt)) return;
    const held = [...this.#held];
    this.#held.clear();
    this.#nextRound(held.length);
    for (const socket of held) socket.release();
  }

  /** Releases a socket whose messages are for nobody now: the answer to a close has to be read. */
  ended(socket: ShardSocket): void {
    if (this.#held.delete(socket)) socket.release();
  }

  #isBehind(): boolean {
    if (this.#ring.hasRead(PRIMARY, this.#roundAt)) {
      this.#nextRound(0);
      return false;
    }
    return this.#ring.unreadBy(PRIMARY) > BEHIND_BYTES;
  }

  #nextRound(held: number): void {
    // Where none was held the share grows again, slowly: those who flood come back at once.
    const fairShare = held > 0 ? Math.floor(OF_ALL_HELD / held) : 2 * this.#share;
    this.#share = Math.min(MOST_OF_SOCKET, Math.max(LEAST_OF_SOCKET, fairShare));
    this.#round += 1;
    this.#roundAt = this.#ring.writtenTo(PRIMARY);
  }
}
