import { EngineError } from '../../shared/api/errors.ts';
import type { ShardHost } from './shard-host.ts';

/** A thread as the watchdog needs it. */
type Watched = Pick<ShardHost, 'unanswered' | 'ask' | 'cut'>;

/** Checks in a row that a thread may leave unanswered. */
const MOST_UNANSWERED = 4;

/**
 * Ends threads whose event loop stands still. It counts unanswered checks instead of reading a
 * clock. So it suspects no thread after this one was busy, or the machine asleep. Answers that wait
 * to be read have been read by the next check.
 */
export class Watchdog {
  readonly #limitMs: number;
  readonly #threads: () => Iterable<Watched>;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param limitMs milliseconds that a loop may stand still, noticed after a quarter more at the
   *   latest; 0 = no limit
   * @param threads returns the threads that run
   */
  constructor(limitMs: number, threads: () => Iterable<Watched>) {
    this.#limitMs = limitMs;
    this.#threads = threads;
  }

  start(): void {
    if (this.#limitMs === 0) return;
    this.#timer = setInterval(() => this.look(), Math.max(1, this.#limitMs / MOST_UNANSWERED));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Ends the threads that have left all checks unanswered, and checks the others again. */
  look(): void {
    for (const thread of [...this.#threads()]) {
      if (thread.unanswered < MOST_UNANSWERED) thread.ask();
      else {
        const message = `its loop stood still for watchdogMs (${this.#limitMs} ms)`;
        thread.cut(new EngineError('ERR_SHARD_EXIT', message));
      }
    }
  }
}
