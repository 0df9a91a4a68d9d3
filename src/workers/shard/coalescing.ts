import { pause } from '../../shared/ring/pause.ts';

/** Milliseconds that a pause is asked to last; the system makes it 0.05 longer. */
const PAUSE = 0.2;

/** After so many milliseconds it is decided anew whether there are pauses. */
const WINDOW = 10;

/** Pauses need so many reads in a millisecond, from so many connections. */
const READS_PER_MS = 8;
const TALKERS = 16;

/** A turn that has read so often has gathered enough by itself, ... */
const READS_PER_TURN = 45;
/** ... or has heard so many of those who talk: the others cannot be waited for for ever. */
const SHARE_OF_TALKERS = 0.8;

/** Whom a shard hears. */
export interface Talker {
  /** The window in which it was last heard; 0 = in none. */
  heardIn: number;
}

/**
 * Interrupt coalescing, as network cards have it. A shard that is faster than what comes in wakes
 * for each message by itself, and each time a poll, a read and a write cost more than the message.
 * So when many connections send a lot and still few are read in one turn, the thread pauses after
 * the turn, for a quarter of a millisecond, and finds several at once.
 *
 * It is never done where it could cost throughput: with few connections, each of which may wait for
 * its answer, or with turns that are full or have heard most of those who talk.
 */
export class Coalescing {
  readonly #pause: () => void;
  #window = 1;
  #windowEndsAt = 0;
  #reads = 0;
  #readsBefore = 0;
  #talkers = 0;
  /** A turn that has read less than this is followed by a pause; 0 = none is. */
  #enoughReads = 0;

  /** @param pauseThread blocks the thread for a moment */
  constructor(pauseThread = () => pause(PAUSE)) {
    this.#pause = pauseThread;
  }

  /** A connection has sent something. */
  heard(talker: Talker): void {
    this.#reads += 1;
    if (talker.heardIn === this.#window) return;
    talker.heardIn = this.#window;
    this.#talkers += 1;
  }

  /**
   * A turn has ended, all that it had to send has gone.
   * @param now ms, monotonic
   */
  turnEnded(now: number): void {
    const reads = this.#reads - this.#readsBefore;
    this.#readsBefore = this.#reads;
    if (now >= this.#windowEndsAt) this.#decide(now);
    if (reads > 0 && reads < this.#enoughReads) this.#pause();
  }

  #decide(now: number): void {
    const elapsed = now - this.#windowEndsAt + WINDOW;
    const isBusy = this.#talkers >= TALKERS && this.#reads >= elapsed * READS_PER_MS;
    this.#enoughReads = isBusy ? Math.min(READS_PER_TURN, this.#talkers * SHARE_OF_TALKERS) : 0;
    this.#window += 1;
    this.#windowEndsAt = now + WINDOW;
    this.#reads = 0;
    this.#readsBefore = 0;
    this.#talkers = 0;
  }
}
