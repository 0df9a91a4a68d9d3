import { clearTimeout, setTimeout } from '../time/timers.ts';

/** Bytes that may wait before the socket is not read, and those while an answer may be behind. */
const MOST_BYTES = 64 * 2 ** 10;
const MOST_BYTES_AHEAD_OF_ANSWER = 2 ** 20;
/** Bytes that a message counts beyond its own length: what it costs to keep it. */
const MESSAGE_BYTES = 64;
/** Messages that have been handled, from which on the list is cut. */
const COMPACT = 64;

/** A message that waits, and its size in bytes or characters. */
interface Waiting<Message> {
  readonly message: Message;
  readonly size: number;
}

/** A connection as the queue of its messages needs it. */
export interface QueueOwner<Message> {
  /** Hands a message to its handlers. @returns a promise where they are still at work */
  handle(message: Message): Promise<unknown> | undefined;
  /** Stops reading from the client, or reads on. */
  hold(isHeld: boolean): void;
  /** Whether an answer is due that the client may have sent behind messages that wait. */
  readonly awaitsAnswers: boolean;
}

/**
 * The messages of one connection whose handlers are at work, and those that wait for them, in
 * order. Few bytes may wait: then the socket is not read. While the server awaits an answer of the
 * client, more may wait, since the answer comes behind them.
 */
export class MessageQueue<Message> {
  readonly #owner: QueueOwner<Message>;
  readonly #limit: number;
  #running = 0;
  #waiting: Waiting<Message>[] = [];
  /** The index of the first that waits. */
  #first = 0;
  #bytes = 0;
  #isHeld = false;
  /** Whether a message is being checked, before whose end no other is handled. */
  #isPaused = false;
  #isEnded = false;
  #onIdle: (() => void) | undefined;

  /** @param limit the messages whose handlers may be at work at a time, 1 and up */
  constructor(owner: QueueOwner<Message>, limit: number) {
    this.#owner = owner;
    this.#limit = limit;
  }

  /** Whether a message has to wait. */
  get isFull(): boolean {
    return this.#isPaused || this.#running >= this.#limit || this.waiting > 0;
  }

  /** The messages that wait. */
  get waiting(): number {
    return this.#waiting.length - this.#first;
  }

  /** Counts a message whose handlers are at work, until they have settled. */
  started(pending: Promise<unknown>): void {
    this.#running += 1;
    pending.then(this.#settled, this.#settled);
  }

  /** Has all messages wait, while the one at hand is at work, until {@link MessageQueue.resume}. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#handleWaiting();
  }

  /** Has a message wait for its turn. @param size its bytes or characters */
  add(message: Message, size: number): void {
    this.#waiting.push({ message, size });
    this.#bytes += size + MESSAGE_BYTES;
    this.recheck();
  }

  /** Stops or goes on reading: bytes, or the answers that are due, have become more or fewer. */
  recheck(): void {
    const most = this.#owner.awaitsAnswers ? MOST_BYTES_AHEAD_OF_ANSWER : MOST_BYTES;
    const isHeld = !this.#isEnded && this.#bytes > most;
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    this.#owner.hold(isHeld);
  }

  /** Drops the messages that wait: they are for nobody any more. */
  clear(): void {
    this.#waiting = [];
    this.#first = 0;
    this.#bytes = 0;
    this.recheck();
  }

  /**
   * Reads on, since no message follows, and calls `then` once, later: when the handlers are done with
   * all that has come, or after `timeoutMs`. The rest is dropped then. It must not be idle.
   * @param then gets the number of messages that have been dropped
   * @returns a function that waits no longer
   */
  end(timeoutMs: number, then: (dropped: number) => void): () => void {
    this.#isEnded = true;
    this.recheck();
    const finish = () => {
      if (this.#onIdle === undefined) return;
      clearTimeout(timer);
      this.#onIdle = undefined;
      const dropped = this.waiting;
      this.clear();
      then(dropped);
    };
    const timer = setTimeout(finish, timeoutMs);
    this.#onIdle = finish;
    return finish;
  }

  /** Whether no handler is at work, and no message waits. */
  get isIdle(): boolean {
    return this.#running === 0 && this.waiting === 0;
  }

  readonly #settled = (): void => {
    this.#running -= 1;
    this.#handleWaiting();
    if (this.isIdle) this.#onIdle?.();
  };

  #handleWaiting(): void {
    while (!this.#isPaused && this.#running < this.#limit && this.waiting > 0) this.#handleNext();
    this.recheck();
  }

  #handleNext(): void {
    const { message, size } = this.#waiting[this.#first] as Waiting<Message>;
    this.#first += 1;
    this.#bytes -= size + MESSAGE_BYTES;
    if (this.#first === this.#waiting.length) {
      this.#waiting = [];
      this.#first = 0;
    } else if (this.#first >= COMPACT && this.#first * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    const pending = this.#owner.handle(message);
    if (pending !== undefined) this.started(pending);
  }
}
