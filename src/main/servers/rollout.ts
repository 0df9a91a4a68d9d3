import { EngineError, messageOf } from '../../shared/api/errors.ts';
import { Conditions } from '../../shared/time/conditions.ts';

/** A server's state in one shard. */
type Progress = 'loading' | 'ready' | 'failed';

/** Makes a promise that may reject unheard: the engine reports its rejection, too. */
function unnoticed(): PromiseWithResolvers<void> {
  const settling = Promise.withResolvers<void>();
  settling.promise.catch(() => {});
  return settling;
}

/** The way of one server into the shards, and out of them again. */
export class Rollout {
  /** Whether there was a time at which every shard had the server. */
  hasBeenReady = false;
  readonly #handlers: string | undefined;
  #ready = unnoticed();
  #isSettled = false;
  /** Whether the next shard that loads the server begins another attempt. */
  #mayStartAnew = false;
  readonly #progress = new Map<number, Progress>();
  readonly #beingRemoved = new Set<number>();
  readonly #removals = new Conditions();

  /** @param handlers the module that each shard loads; undefined = it has none */
  constructor(handlers: string | undefined) {
    this.#handlers = handlers;
  }

  /** Resolves when every shard has the server; rejects where one could not, or will not. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** The shards that have been told of the server. */
  shards(): number[] {
    return [...this.#progress.keys()];
  }

  /** Whether connections may enter in a shard. */
  isReadyIn(shard: number): boolean {
    return this.#progress.get(shard) === 'ready';
  }

  /** A shard has been told of the server. */
  loading(shard: number): void {
    this.#progress.set(shard, 'loading');
    this.#startAnew();
  }

  #startAnew(): void {
    if (!this.#mayStartAnew) return;
    this.#mayStartAnew = false;
    this.#isSettled = false;
    this.#ready = unnoticed();
  }

  /**
   * A shard has the server, or could not load its handlers.
   * @returns false where the error is that of another shard, and has been told
   */
  added(shard: number, error?: EngineError): boolean {
    const { hasBeenReady } = this;
    const progress = [...this.#progress.values()];
    this.#progress.set(shard, error === undefined ? 'ready' : 'failed');
    if (error !== undefined) this.#fail(error);
    else if ([...this.#progress.values()].every((progress) => progress === 'ready')) {
      this.hasBeenReady = true;
      this.#isSettled = true;
      this.#ready.resolve();
    }
    return error === undefined || hasBeenReady || !progress.includes('failed');
  }

  /** A shard has died: it neither loads the server nor has it to remove. */
  shardDied(shard: number, cause?: unknown): void {
    if (this.#handlers !== undefined && this.#progress.get(shard) === 'loading') {
      const why = messageOf(cause);
      const message = `handlers: a shard died while it loaded ${this.#handlers}: ${why}`;
      this.#fail(new EngineError('ERR_HANDLERS_LOAD', message, { cause }));
    }
    this.#progress.delete(shard);
    this.removed(shard);
  }

  /**
   * All shards have been stopped; the next ones begin without the server. A `ready` that has resolved
   * is a new one from now on. One that has rejected says why until the next start.
   * @param isOpen whether the server may be ready once more
   */
  rested(isOpen: boolean): void {
    this.#progress.clear();
    this.abandon();
    this.#mayStartAnew = this.#isSettled && isOpen;
    if (this.hasBeenReady) this.#startAnew();
    this.hasBeenReady = false;
  }

  /** Rejects {@link Rollout.ready} where it is pending: the server, or the engine, is closed. */
  giveUp(what: 'server' | 'engine'): void {
    const message = `the ${what} has been closed`;
    this.#fail(new EngineError('ERR_ENGINE_CLOSED', message));
  }

  #fail(error: EngineError): void {
    this.#isSettled = true;
    this.#ready.reject(error);
  }

  /** Resolves when each of these shards has said that the server is gone, or has died. */
  async removedFrom(shards: readonly number[]): Promise<void> {
    for (const shard of shards) this.#beingRemoved.add(shard);
    await this.#removals.until(() => this.#beingRemoved.size === 0);
  }

  /** The server is gone from a shard. */
  removed(shard: number): void {
    this.#beingRemoved.delete(shard);
    this.#removals.recheck();
  }

  /** The server counts as gone from every shard: no more news of it is expected. */
  abandon(): void {
    this.#beingRemoved.clear();
    this.#removals.recheck();
  }
}
