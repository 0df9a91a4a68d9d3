import { EngineError } from '../../shared/api/errors.ts';

/** A thread that the watchdog looks after. */
export interface Watched {
  /** Questions that it has not answered; 0 at any sign of life. */
  readonly unanswered: number;
  /** Asks for a sign of life. */
  ask(): void;
  /** Ends it. */
  cut(cause: EngineError): void;
}

/** So many questions in a row have to stay without an answer. */
const QUESTIONS = 4;

/**
 * Ends threads whose loop does not turn any more. It counts questions instead of looking at a
 * clock: while this thread was busy itself, or the machine asleep, answers may wait to be read, and
 * by the next question they have been.
 */
export class Watchdog {
  readonly #limitMs: number;
  readonly #threads: () => Iterable<Watched>;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param limitMs how long a loop may stand still, in milliseconds; it is noticed after a quarter
   *   more at the latest. 0 = for ever
   * @param threads those that run
   */
  constructor(limitMs: number, threads: () => Iterable<Watched>) {
    this.#limitMs = limitMs;
    this.#threads = threads;
  }

  start(): void {
    if (this.#limitMs === 0) return;
    this.#timer = setInterval(() => this.look(), Math.max(1, this.#limitMs / QUESTIONS));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Ends who has not answered the last questions, and asks the others the next one. */
  look(): void {
    for (const thread of [...this.#threads()]) {
      if (thread.unanswered < QUESTIONS) thread.ask();
      else thread.cut(hangs(this.#limitMs));
    }
  }
}

function hangs(limitMs: number): EngineError {
  return new EngineError('ERR_SHARD_EXIT', `its loop stood still for watchdogMs (${limitMs} ms)`);
}
