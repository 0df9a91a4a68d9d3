import { EngineError } from '../api/errors.ts';
import { Conditions } from '../time/conditions.ts';
import { settledWithin } from '../time/settled-within.ts';

/** The part of the time to close after which nothing waits for other handlers any more. */
const WAITING = 1 / 2;

/** The limits of a server's handlers: those of its options. */
export interface HandlerLimits {
  /** Messages of one connection whose handlers may be at work at a time. */
  readonly maxConcurrentHandlers: number;
  /** Milliseconds that `onDisconnect` waits for handlers that are at work. */
  readonly closeTimeout: number;
}

/** The handlers of one server in one thread that are at work: their promises are pending. */
export class RunningHandlers {
  readonly limits: HandlerLimits;
  #count = 0;
  /** Calls of `onDisconnect` that wait for other handlers: each is made at once by its function. */
  readonly #waiting = new Set<() => void>();
  readonly #ends = new Conditions();

  constructor(limits: HandlerLimits = { maxConcurrentHandlers: 64, closeTimeout: 5_000 }) {
    this.limits = limits;
  }

  /** Counts a handler from now on, until {@link RunningHandlers.end}. */
  begin(): void {
    this.#count += 1;
  }

  readonly end = (): void => {
    this.#count -= 1;
    this.#ends.recheck();
  };

  /** Counts a handler until its promise has settled, either way. */
  add(promise: Promise<unknown>): void {
    this.begin();
    promise.then(this.end, this.end);
  }

  /** Counts a handler that waits for others. @param hurry has it wait no longer */
  wait(hurry: () => void): void {
    this.begin();
    this.#waiting.add(hurry);
  }

  /** Notes that it waits no longer, and has been called. */
  waited(hurry: () => void): void {
    this.#waiting.delete(hurry);
    this.end();
  }

  /**
   * Waits until the handlers have ended, `timeoutMs` at most.
   * @param caller 1 where a handler waits for this, which would wait for itself; else 0
   * @param report is told of handlers that are still at work then
   */
  async ended(
    timeoutMs: number,
    endpoint: string,
    report: (error: EngineError) => void,
    caller: 0 | 1 = 0,
  ): Promise<void> {
    const haveEnded = () => this.#count <= caller;
    if (haveEnded()) return;
    const ended = this.#ends.until(haveEnded);
    if (await settledWithin(ended, timeoutMs * WAITING)) return;
    for (const hurry of [...this.#waiting]) hurry();
    if (await settledWithin(ended, timeoutMs * (1 - WAITING))) return;
    const count = this.#count - caller;
    const message = `${count} handlers on ${endpoint} were still at work when timeoutMs of close was over`;
    report(new EngineError('ERR_HANDLER', message));
  }
}
