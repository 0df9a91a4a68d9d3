import { WaitingLine } from '../../shared/time/waiting-line.ts';

/** Milliseconds of a turn in which sockets get whole shares; and in which they get small ones. */
const WHOLE_MS = 5;
const SMALL_MS = 20;
/** Frames that a socket may have read in a turn, by the time that the turn has taken so far. */
const WHOLE_SHARE = 128;
const SMALL_SHARE = 8;
const LEAST_SHARE = 1;
/** Milliseconds that a socket may be read in a turn that has taken its time. */
const SHARE_MS = 1;
/** Milliseconds of a turn for the sockets that wait to be read on. */
const WAITING_MS = 4;

/** The most frames between two looks at the clock, and the ms that lie between two, about. */
const MOST_STRIDE = 16;
const STRIDE_MS = 0.2;

/** A socket that has had its share of a turn. */
export interface Reading {
  /** Reads on: another share, or all that has come. */
  readOn(): void;
}

/**
 * The turns in which a shard reads its sockets. A client that sends more than its share of a turn
 * is read on in the next one. So it delays the others by its share and no more. Sockets that wait
 * are read in their order, behind those that have just become readable.
 */
export class ReadTurns {
  readonly #onShare: () => void;
  readonly #now: () => number;
  readonly #waiting: WaitingLine<Reading>;
  /** The number of this turn. */
  turn = 1;
  /** The first look at the clock in this turn, the last one, and the first for this socket: ms. */
  #turnSince: number | undefined;
  #lookedAt = 0;
  #socketSince: number | undefined;
  #stride = MOST_STRIDE;
  #framesToLook = MOST_STRIDE;

  /**
   * @param schedule asks for a turn
   * @param onShare called for each share that begins
   * @param now returns ms, monotonic
   */
  constructor(schedule: () => void, onShare: () => void, now = () => performance.now()) {
    this.#onShare = onShare;
    this.#now = now;
    this.#waiting = new WaitingLine(WAITING_MS, schedule, (reading) => reading.readOn(), now);
  }

  /**
   * Begins the share of a socket.
   * @param isCostly whether one frame of it may well take longer than all its share should
   * @returns the frames in it; 0 for a costly one, where the turn has taken its time
   */
  begin(isCostly = false): number {
    this.#onShare();
    this.#socketSince = undefined;
    if (isCostly && !this.#hasTimeForCostly()) return 0;
    const elapsed = this.#turnSince === undefined ? 0 : this.#lookedAt - this.#turnSince;
    if (elapsed < WHOLE_MS) return WHOLE_SHARE;
    return elapsed < SMALL_MS ? SMALL_SHARE : LEAST_SHARE;
  }

  /** Counts a frame that is about to be read. @returns whether there is time for it */
  frame(): boolean {
    this.#framesToLook -= 1;
    return this.#framesToLook > 0 || this.#look();
  }

  /** Has a socket read on in the next turn. */
  wait(reading: Reading): void {
    this.#waiting.add(reading);
  }

  /** Forgets a socket that has gone. */
  forget(reading: Reading): void {
    this.#waiting.delete(reading);
  }

  /** Ends the turn: sockets that wait are read on. @returns whether some wait again, or still */
  end(): boolean {
    this.#nextTurn();
    if (this.#waiting.isEmpty) return false;
    const hasMore = this.#waiting.serveSome();
    this.#nextTurn();
    return hasMore;
  }

  #hasTimeForCostly(): boolean {
    const now = this.#now();
    this.#turnSince ??= now;
    // Its first frame may use up its time: the clock is looked at before the second one.
    this.#socketSince = now;
    this.#lookedAt = now;
    this.#stride = 1;
    this.#framesToLook = 2;
    return now - this.#turnSince < SMALL_MS;
  }

  #nextTurn(): void {
    this.turn += 1;
    this.#turnSince = undefined;
    this.#framesToLook = this.#stride;
  }

  /** Looks at the clock, the more often the longer a frame takes. */
  #look(): boolean {
    const now = this.#now();
    if (this.#turnSince === undefined) this.#turnSince = now;
    else {
      const frameMs = Math.max((now - this.#lookedAt) / this.#stride, STRIDE_MS / MOST_STRIDE);
      this.#stride = Math.max(1, Math.floor(STRIDE_MS / frameMs));
    }
    this.#lookedAt = now;
    this.#framesToLook = this.#stride;
    this.#socketSince ??= now;
    // One that has the turn to itself has more: what it says then leaves in fewer writes.
    return now - this.#turnSince < WHOLE_MS || now - this.#socketSince < SHARE_MS;
  }
}
