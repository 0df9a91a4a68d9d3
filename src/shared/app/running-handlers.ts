import { EngineError } from '../api/errors.ts';
import { Conditions } from '../time/conditions.ts';
import { settledWithin } from '../time/settled-within.ts';

/** The handlers of one server in one thread that are at work: their promises are pending. */
export class RunningHandlers {
  #count = 0;
  readonly #ends = new Conditions();

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
    if (await settledWithin(this.#ends.until(haveEnded), timeoutMs)) return;
    const count = this.#count - caller;
    const message = `${count} handlers on ${endpoint} were still at work when timeoutMs of close was over`;
    report(new EngineError('ERR_HANDLER', message));
  }
}
