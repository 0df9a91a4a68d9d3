/** Milliseconds after which a shard is asked whether the sockets that were sent have arrived. */
const CONFIRM_AFTER = 500;

/** The calls of a {@link SentHandoffs}. */
export interface SentHandoffsEvents {
  /** Asks the shard for the numbers of the messages that have arrived since the last time. */
  ask(): void;
  /** So many sockets were lost on their way, and so many could not even be sent. */
  report(lost: number, unsent: number): void;
}

/**
 * The messages with sockets that one shard has been sent. Node.js loses a message without a word
 * where a handle in it cannot be taken out, as it can happen when descriptors run out. The sockets
 * in it are given back within a second or so, and reported.
 */
export class SentHandoffs {
  readonly #events: SentHandoffsEvents;
  /** By the number of a message, what to call for each socket in it that is lost. */
  readonly #sent = new Map<number, readonly (() => void)[]>();
  #last = 0;
  /** The last message that the shard was asked about. */
  #asked = 0;
  #unsent = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(events: SentHandoffsEvents) {
    this.#events = events;
  }

  /** The number of the next message. */
  get next(): number {
    return this.#last + 1;
  }

  /** Notes that the next message has been sent. @param onLost one call for each socket in it */
  sent(onLost: readonly (() => void)[]): void {
    this.#last += 1;
    this.#sent.set(this.#last, onLost);
    this.#wait();
  }

  /** Notes sockets that could not be sent: descriptors have run out. */
  unsent(sockets: number): void {
    this.#unsent += sockets;
    this.#wait();
  }

  /** Takes the shard's answer: numbers of messages that have arrived. */
  arrived(numbers: readonly number[]): void {
    for (const number of numbers) this.#sent.delete(number);
    let lost = 0;
    for (const [number, onLost] of this.#sent) {
      if (number > this.#asked) continue;
      this.#sent.delete(number);
      lost += onLost.length;
      for (const tell of onLost) tell();
    }
    this.#report(lost);
    if (this.#sent.size > 0) this.#wait();
  }

  /** Forgets all: the shard has ended, and its connections are given back with it. */
  end(): void {
    clearTimeout(this.#timer);
    this.#sent.clear();
    this.#unsent = 0;
  }

  #wait(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#asked = this.#last;
      if (this.#sent.size > 0) this.#events.ask();
      else this.#report(0);
    }, CONFIRM_AFTER).unref();
  }

  #report(lost: number): void {
    const unsent = this.#unsent;
    this.#unsent = 0;
    if (lost + unsent > 0) this.#events.report(lost, unsent);
  }
}
