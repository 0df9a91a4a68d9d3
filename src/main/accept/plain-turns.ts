import { setImmediate } from '../../shared/time/timers.ts';
import { WaitingLine } from '../../shared/time/waiting-line.ts';

/** Milliseconds of a turn of the loop for answers. */
const SHARE_MS = 10;
/** Shares out the turns of the primary's loop among connections with plain requests. */
export class PlainTurns {
  readonly #now: () => number;
  #endsAt: number | undefined;
  readonly #waiting: WaitingLine<() => void>;

  /** @param now returns ms, monotonic */
  constructor(now = () => performance.now()) {
    this.#now = now;
    this.#waiting = new WaitingLine(
      SHARE_MS,
      () => this.#begin(),
      (go) => go(),
      now,
    );
  }

  /** Takes the time for another answer, if this turn has it. The first one always gets it. */
  takeTime(): boolean {
    this.#begin();
    return this.#now() < (this.#endsAt as number);
  }

  /** Calls a function once, in one of the next turns: behind those that wait already. */
  wait(go: () => void): void {
    this.#waiting.add(go);
  }

  /** Forgets a function that waits. */
  forget(go: () => void): void {
    this.#waiting.delete(go);
  }

  #begin(): void {
    if (this.#endsAt !== undefined) return;
    this.#endsAt = this.#now() + SHARE_MS;
    setImmediate(this.#next);
  }

  readonly #next = (): void => {
    this.#endsAt = undefined;
    if (this.#waiting.serveSome()) this.#begin();
  };
}
