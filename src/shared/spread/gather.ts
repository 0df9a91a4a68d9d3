import { MAX_MS } from '../options/option-rules.ts';

interface Pending<Part> {
  readonly waiting: Set<number>;
  readonly silent: number[];
  readonly onPart: (part: Part) => void;
  readonly settle: () => void;
}

/** The requests of one thread to shards, and the parts of the answers: one of each shard. */
export class Gather<Part> {
  readonly #pending = new Map<number, Pending<Part>>();
  #last = 0;

  /**
   * Asks shards, and awaits a part from each.
   * @param send sends the request; the parts carry its number
   * @param onPart gets each part that comes within `timeoutMs`
   * @returns the shards that did not answer: they died, or were too busy
   * @throws any error of `send`, and then nothing is awaited
   */
  ask(
    shards: Iterable<number>,
    timeoutMs: number,
    send: (request: number) => void,
    onPart: (part: Part) => void,
  ): Promise<number[]> {
    this.#last += 1;
    const request = this.#last;
    send(request);
    const { promise, resolve } = Promise.withResolvers<number[]>();
    const waiting = new Set(shards);
    const silent: number[] = [];
    const settle = () => {
      clearTimeout(timer);
      this.#pending.delete(request);
      resolve([...silent, ...waiting]);
    };
    const timer = setTimeout(settle, Math.min(timeoutMs, MAX_MS));
    this.#pending.set(request, { waiting, silent, onPart, settle });
    if (waiting.size === 0) settle();
    return promise;
  }

  /** Takes a shard's part, which may be too late. */
  receive(shard: number, request: number, part: Part): void {
    const pending = this.#pending.get(request);
    if (!pending?.waiting.delete(shard)) return;
    pending.onPart(part);
    if (pending.waiting.size === 0) pending.settle();
  }

  /** Awaits no part of a peer that has died. */
  peerDied(peer: number): void {
    for (const { waiting, silent, settle } of [...this.#pending.values()]) {
      if (!waiting.delete(peer)) continue;
      silent.push(peer);
      if (waiting.size === 0) settle();
    }
  }

  /** Awaits nothing any more. */
  close(): void {
    for (const { settle } of [...this.#pending.values()]) settle();
  }
}
