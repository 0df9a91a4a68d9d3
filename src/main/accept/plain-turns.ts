import type { Socket } from 'node:net';
import { setImmediate } from '../../shared/time/timers.ts';
import { WaitingLine } from '../../shared/time/waiting-line.ts';

/** Milliseconds of a turn of the loop for answers. */
const SHARE_MS = 10;
/** Requests whose sockets are destroyed in a turn: for each of them the HTTP server makes an error. */
const MOST_CUT = 500;

/** A socket that is to be destroyed. */
interface Cut {
  readonly socket: Socket;
  /** The number of its requests without an answer. */
  readonly requests: number;
}

/** Shares out the turns of the primary's loop among connections with plain requests. */
export class PlainTurns {
  readonly #now: () => number;
  #endsAt: number | undefined;
  readonly #waiting: WaitingLine<() => void>;
  #cuts: Cut[] = [];
  #onAllCut: (() => void)[] = [];

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

  /** Whether this turn has time for another answer; the first one always has. */
  get hasTime(): boolean {
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

  /** Destroys a socket in the next turns. */
  cut(socket: Socket, requests: number): void {
    this.#cuts.push({ socket, requests });
    this.#begin();
  }

  /** Resolves when all sockets that were to be destroyed have been. */
  allCut(): Promise<void> | undefined {
    if (this.#cuts.length === 0) return undefined;
    return new Promise((resolve) => this.#onAllCut.push(resolve));
  }

  #begin(): void {
    if (this.#endsAt !== undefined) return;
    this.#endsAt = this.#now() + SHARE_MS;
    setImmediate(this.#next);
  }

  readonly #next = (): void => {
    this.#endsAt = undefined;
    if (this.#waiting.serveSome()) this.#begin();
    this.#cutSome();
  };

  #cutSome(): void {
    let requests = 0;
    let done = 0;
    for (const cut of this.#cuts) {
      if (requests >= MOST_CUT) break;
      cut.socket.destroy();
      requests += cut.requests + 1;
      done += 1;
    }
    this.#cuts = this.#cuts.slice(done);
    if (this.#cuts.length > 0) {
      this.#begin();
      return;
    }
    for (const resolve of this.#onAllCut.splice(0)) resolve();
  }
}
