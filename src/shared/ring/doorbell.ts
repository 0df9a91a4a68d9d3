const AWAKE = 0;
const ASLEEP = 1;

// A line of its own: every sender looks at it after every record.
const LINE_BYTES = 128;
const BEATS_WORD = LINE_BYTES / 4;
const DOORBELL_BYTES = 2 * LINE_BYTES;

/**
 * Wakes a thread that may sleep. One word in shared memory says whether its owner sleeps, so that
 * waking an owner who is awake costs one load and nothing else.
 *
 *     AWAKE  -- owner: sleep() ---------------------------> ASLEEP
 *     ASLEEP -- sender: wake(), the first one notifies ---> AWAKE
 *     ASLEEP -- owner: awake(), or sleep() saw work ------> AWAKE
 *
 * The owner alone calls `sleep`, `awake`, `beat` and `close`; every sender has a Doorbell on the
 * same memory and calls `wake`.
 */
export class Doorbell {
  readonly #word: Int32Array<SharedArrayBuffer>;
  #onWake: (() => void) | undefined;
  #hasWaiter = false;
  #isClosed = false;

  /** @param memory a doorbell from {@link Doorbell.allocate} */
  constructor(memory: SharedArrayBuffer) {
    this.#word = new Int32Array(memory);
  }

  /** Makes the memory of a doorbell whose owner is awake. */
  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(DOORBELL_BYTES);
  }

  /** Wakes the owner if it sleeps. Records that it shall find must have been published before. */
  wake(): void {
    if (
      Atomics.load(this.#word, 0) === ASLEEP &&
      Atomics.compareExchange(this.#word, 0, ASLEEP, AWAKE) === ASLEEP
    ) {
      Atomics.notify(this.#word, 0, 1);
    }
  }

  /**
   * Declares the owner asleep, unless there is work for it. It does not block: the owner returns to
   * its event loop, and `onWake` is called when a sender wakes it. It runs in the asynchronous
   * context of a call of `sleep`. Nothing here keeps the thread alive.
   *
   * @param hasWork looks for work that senders published before they could know of the sleep
   * @param onWake called at every later wake, and sometimes without a new one
   * @returns false if the owner is still awake and must look for work again; a closed doorbell
   *   returns true and never calls `onWake`
   */
  sleep(hasWork: () => boolean, onWake: () => void): boolean {
    if (this.#isClosed) return true;
    this.#onWake = onWake;
    // ASLEEP first, then the look for work. A sender does it the other way round: either it sees
    // ASLEEP and wakes the owner, or its work is seen here.
    Atomics.store(this.#word, 0, ASLEEP);
    if (hasWork()) {
      this.awake();
      return false;
    }
    // A waiter left from a sleep that something else ended serves again. Where it has been notified
    // and its promise has yet to run, that calls the new `onWake`.
    return this.#hasWaiter || this.#registerWaiter();
  }

  /** Ends a sleep that something other than a sender has ended, such as a socket. */
  awake(): void {
    Atomics.store(this.#word, 0, AWAKE);
  }

  /** Ends the last sleep without calling `onWake` and leaves no waiter behind. */
  close(): void {
    this.#isClosed = true;
    this.#onWake = undefined;
    this.awake();
    Atomics.notify(this.#word, 0);
  }

  /** Gives a sign of life, in the middle of a turn that may be long. */
  beat(): void {
    Atomics.store(this.#word, BEATS_WORD, (this.beats + 1) | 0);
  }

  /** The owner's signs of life so far, modulo 2^32. */
  get beats(): number {
    return Atomics.load(this.#word, BEATS_WORD);
  }

  #registerWaiter(): boolean {
    const waiter = Atomics.waitAsync(this.#word, 0, ASLEEP);
    // Not equal: somebody has woken the owner since.
    if (!waiter.async) return false;
    this.#hasWaiter = true;
    waiter.value.then(this.#onNotified);
    return true;
  }

  readonly #onNotified = (): void => {
    this.#hasWaiter = false;
    // Also when the owner has been awake in between and sleeps again: the wake was consumed, and
    // there may be no other waiter to find for the next one.
    this.awake();
    this.#onWake?.();
  };
}
