import { MAX_MS } from '../options/option-rules.ts';

interface Pending<Reply> {
  readonly waiting: Set<number>;
  readonly silent: number[];
  readonly onReply: (reply: Reply) => void;
  readonly settle: () => void;
}

/** What one thread has asked of shards, and the replies that it awaits: one of each shard. */
export class Gather<Reply> {
  readonly #pending = new Map<number, Pending<Reply>>();
  #last = 0;

  /** A number for a request, which the replies to it carry. */
  next(): number {
    this.#last += 1;
    return this.#last;
  }

  /**
   * Awaits the replies to a request.
   * @param onReply is called with each that comes in time
   * @returns the shards that said nothing, because they died or were too busy
   */
  expect(
    request: number,
    shards: Iterable<number>,
    timeoutMs: number,
    onReply: (reply: Reply) => void,
  ): Promise<number[]> {
    const { promise, resolve } = Promise.withResolvers<number[]>();
    const waiting = new Set(shards);
    const silent: number[] = [];
    const settle = () => {
      clearTimeout(timer);
      this.#pending.delete(request);
      resolve([...silent, ...waiting]);
    };
    const timer = setTimeout(settle, Math.min(timeoutMs, MAX_MS));
    this.#pending.set(request, { waiting, silent, onReply, settle });
    if (waiting.size === 0) settle();
    return promise;
  }

  /** A shard has replied. */
  receive(shard: number, request: number, reply: Reply): void {
    const pending = this.#pending.get(request);
    if (!pending?.waiting.delete(shard)) return;
    pending.onReply(reply);
    if (pending.waiting.size === 0) pending.settle();
  }

  /** A shard has died: what it has not answered it never will. */
  shardDied(shard: number): void {
    for (const { waiting, silent, settle } of [...this.#pending.values()]) {
      if (!waiting.delete(shard)) continue;
      silent.push(shard);
      if (waiting.size === 0) settle();
    }
  }

  /** Nobody will reply any more. */
  close(): void {
    for (const { settle } of [...this.#pending.values()]) settle();
  }
}
