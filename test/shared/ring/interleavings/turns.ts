/**
 * Two threads that take turns: at every yield a schedule says who goes on, and `backtrack` makes
 * the next schedule until all have been run.
 *
 * A schedule is a list of choices, 0 = the thread that has the turn goes on, 1 = the other does.
 * Choices behind the given prefix are 0; the next schedule changes the last 0 to 1 and forgets
 * what came after. So every schedule is run once, however long the programs turn out to be.
 */

const TURN = 0;
const DEPTH = 1;
const PREFIX = 2;
const STOPPED = 3;
const DONE = 4;
const CHOICES = 8;
const MAX_CHOICES = 1024;
const MAX_SPINS = 5000;

// The real one: the code under test gets another in its place.
const RealAtomics = Atomics;

export type ThreadIndex = 0 | 1;

export class Turns {
  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * (CHOICES + MAX_CHOICES));
  }

  readonly #me: ThreadIndex;
  readonly #other: ThreadIndex;
  // Apart from TURN, whoever has the turn uses these as if they were its own.
  readonly #words: Int32Array<SharedArrayBuffer>;
  #isRunning = false;

  constructor(me: ThreadIndex, memory: SharedArrayBuffer) {
    this.#me = me;
    this.#other = me === 0 ? 1 : 0;
    this.#words = new Int32Array(memory);
  }

  get isStopped(): boolean {
    return this.#words[STOPPED] === 1;
  }

  /** Gives the turn to the other thread and waits until it comes back. */
  handOver(): void {
    RealAtomics.store(this.#words, TURN, this.#other);
    RealAtomics.notify(this.#words, TURN, 1);
    this.waitForTurn();
  }

  waitForTurn(): void {
    // The other thread mostly takes a few microseconds, less than it takes to fall asleep.
    for (let spins = 0; spins < MAX_SPINS; spins++) {
      if (RealAtomics.load(this.#words, TURN) === this.#me) return;
    }
    while (RealAtomics.load(this.#words, TURN) !== this.#me) {
      RealAtomics.wait(this.#words, TURN, this.#other);
    }
  }

  /** Thread 0 begins a schedule with the first choice: which thread goes first. */
  begin(): void {
    this.#words[DEPTH] = 0;
    this.#words[DONE] = 0;
    this.#words[DONE + 1] = 0;
    this.#isRunning = true;
    this.yield();
  }

  /** Thread 1 takes part in the schedule from the first turn it is given. */
  join(): void {
    this.#isRunning = true;
  }

  /** A point where the other thread may go on instead. */
  yield(): void {
    if (!this.#isRunning || this.#words[DONE + this.#other] === 1) return;
    const depth = this.#words[DEPTH] as number;
    if (depth === MAX_CHOICES) throw new Error('a program does not come to an end');
    this.#words[DEPTH] = depth + 1;
    if (depth >= (this.#words[PREFIX] as number)) this.#words[CHOICES + depth] = 0;
    if (this.#words[CHOICES + depth] === 1) this.handOver();
  }

  /** Ends this thread's program; returns with the turn when the other's has ended too. */
  finish(): void {
    this.#isRunning = false;
    this.#words[DONE + this.#me] = 1;
    if (this.#me === 1 || this.#words[DONE + this.#other] === 0) this.handOver();
  }

  /** Prepares the next schedule; false if there is none. */
  backtrack(): boolean {
    let depth = this.#words[DEPTH] as number;
    while (depth > 0 && this.#words[CHOICES + depth - 1] === 1) depth--;
    if (depth === 0) return false;
    this.#words[CHOICES + depth - 1] = 1;
    this.#words[PREFIX] = depth;
    return true;
  }

  /** Ends the other thread's loop. */
  stop(): void {
    this.#words[STOPPED] = 1;
    RealAtomics.store(this.#words, TURN, this.#other);
    RealAtomics.notify(this.#words, TURN, 1);
  }

  /** The schedule that has just been run, such as `0010`. */
  get schedule(): string {
    return this.#words.subarray(CHOICES, CHOICES + (this.#words[DEPTH] as number)).join('');
  }
}
