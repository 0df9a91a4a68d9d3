import { EngineError, messageOf } from '../../shared/api/errors.ts';

/** How far a shard is with a server. */
type Progress = 'loading' | 'ready' | 'failed';

/** The way of one server into the shards, and out of them again. */
export class Rollout {
  /** Resolves when every shard has the server; rejects where one could not, or will not. */
  readonly ready: Promise<void>;
  readonly #handlers: string | undefined;
  readonly #settleReady: { resolve: () => void; reject: (error: EngineError) => void };
  readonly #progress = new Map<number, Progress>();
  #hasBeenReady = false;
  readonly #beingRemoved = new Set<number>();
  #onRemoved: (() => void) | undefined;

  /** @param handlers the module that each shard loads; undefined = it has none */
  constructor(handlers: string | undefined) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    this.ready.catch(() => {}); // the engine reports it too, so nobody has to ask
    this.#handlers = handlers;
    this.#settleReady = { resolve, reject };
  }

  /** Whether there was a time at which every shard had it. */
  get hasBeenReady(): boolean {
    return this.#hasBeenReady;
  }

  /** Whether connections may enter in a shard. */
  isReadyIn(shard: number): boolean {
    return this.#progress.get(shard) === 'ready';
  }

  /** A shard has been told of the server. */
  loading(shard: number): void {
    this.#progress.set(shard, 'loading');
  }

  /** A shard has the server, or could not load its handlers. */
  added(shard: number, error?: EngineError): void {
    this.#progress.set(shard, error === undefined ? 'ready' : 'failed');
    if (error !== undefined) this.#settleReady.reject(error);
    else if ([...this.#progress.values()].every((progress) => progress === 'ready')) {
      this.#hasBeenReady = true;
      this.#settleReady.resolve();
    }
  }

  /** A shard has died: it neither loads the server nor has it to remove. */
  shardDied(shard: number, cause?: unknown): void {
    if (this.#handlers !== undefined && this.#progress.get(shard) === 'loading') {
      const why = messageOf(cause);
      const message = `handlers: a shard died while it loaded ${this.#handlers}: ${why}`;
      this.#settleReady.reject(new EngineError('ERR_HANDLERS_LOAD', message, { cause }));
    }
    this.#progress.delete(shard);
    this.removed(shard);
  }

  /** Rejects {@link Rollout.ready} where it is pending: the server, or the engine, is closed. */
  giveUp(what: 'server' | 'engine'): void {
    const message = `the ${what} has been closed`;
    this.#settleReady.reject(new EngineError('ERR_ENGINE_CLOSED', message));
  }

  /** Resolves when each of these shards has said that the server is gone, or has died. */
  async removedFrom(shards: readonly number[]): Promise<void> {
    for (const shard of shards) this.#beingRemoved.add(shard);
    if (this.#beingRemoved.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onRemoved = resolve;
    await promise;
  }

  /** The server is gone from a shard. */
  removed(shard: number): void {
    this.#beingRemoved.delete(shard);
    if (this.#beingRemoved.size === 0) this.#onRemoved?.();
  }

  /** The server counts as gone from every shard: nothing more will be heard of it. */
  abandon(): void {
    this.#onRemoved?.();
  }
}
