import { pause } from '../../shared/ring/pause.ts';

/** Milliseconds of a pause; the system makes it 0.05 longer. */
const PAUSE = 0.2;

/** Milliseconds after which a shard decides anew whether it pauses. */
const WINDOW = 10;

/** The least reads in a millisecond, and connections that they are of, for pauses. */
const READS_PER_MS = 8;
const TALKERS = 16;

/** Reads of a turn that has gathered enough by itself, and so is followed by no pause. */
const READS_PER_TURN = 45;
/** The share of the talkers that is enough as well: a turn cannot wait for the rest forever. */
const SHARE_OF_TALKERS = 0.8;

/** A connection whose client sends. */
export interface Talker {
  /** The window in which it was last heard; 0 = in none. */
  heardIn: number;
}

/**
 * Interrupt coalescing, as network cards have it. A fast shard wakes for each message by itself,
 * and each time a poll, a read and a write cost more than the message. Many connections may send a
 * lot, and still few be read in one turn. Then the thread pauses for a quarter of a millisecond
 * after the turn, and finds several at once.
 *
 * It does not pause where that could cost throughput. Each of few connections may wait for its
 * answer. Turns that are full, or have heard most talkers, find enough.
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

  /** Counts a read of a connection. */
  heard(talker: Talker): void {
    this.#reads += 1;
    if (talker.heardIn === this.#window) return;
    talker.heardIn = this.#window;
    this.#talkers += 1;
  }

  /** Pauses if it is worth it: a turn has ended and sent its bytes. @param now ms, monotonic */
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
