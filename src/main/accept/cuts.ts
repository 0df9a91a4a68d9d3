import type { Socket } from 'node:net';
import { setImmediate } from '../../shared/time/timers.ts';

/** Requests whose sockets are destroyed in a turn: for each of them the HTTP server makes an error. */
const MOST_A_TURN = 500;

/** A socket that is to be destroyed. */
interface Cut {
  readonly socket: Socket;
  /** The number of its requests without an answer. */
  readonly requests: number;
}

/** Destroys sockets with many requests in several turns of the loop: others have turns between. */
export class Cuts {
  #cuts: Cut[] = [];
  #isWaiting = false;
  readonly #onAllDone: (() => void)[] = [];

  /** Destroys a socket in the next turns. @param requests those of it without an answer */
  add(socket: Socket, requests: number): void {
    this.#cuts.push({ socket, requests });
    this.#wait();
  }

  /** Resolves when all sockets that were to be destroyed have been. */
  allDone(): Promise<void> | undefined {
    if (this.#cuts.length === 0) return undefined;
    return new Promise((resolve) => this.#onAllDone.push(resolve));
  }

  #wait(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    setImmediate(this.#cutSome);
  }

  readonly #cutSome = (): void => {
    this.#isWaiting = false;
    let requests = 0;
    let done = 0;
    for (const cut of this.#cuts) {
      if (requests >= MOST_A_TURN) break;
      cut.socket.destroy();
      requests += cut.requests + 1;
      done += 1;
    }
    this.#cuts = this.#cuts.slice(done);
    if (this.#cuts.length > 0) this.#wait();
    else for (const resolve of this.#onAllDone.splice(0)) resolve();
  };
}
