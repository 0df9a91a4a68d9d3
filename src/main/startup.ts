import { EngineError } from '../shared/api/errors.ts';
import type { Emitters } from './emitters.ts';
import type { StatsCollector } from './observe/stats-collector.ts';
import type { ServerEntry } from './servers/server-entry.ts';
import type { ShardGroup } from './shards/shard-group.ts';

/** Parts of an engine that start and stop together. */
export interface StartupContext {
  readonly group: ShardGroup;
  readonly entries: ReadonlyMap<number, ServerEntry>;
  readonly emitters: Emitters;
  readonly stats: StatsCollector;
  /** Whether upgrades come from anywhere. */
  isListening(): boolean;
  isClosed(): boolean;
}

/** Starts the shards for `listen` and `attach`, and stops them again where those have failed. */
export class Startup {
  readonly #context: StartupContext;
  /** Calls of {@link Startup.attempt} that have not settled. */
  #attempts = 0;
  #stopping: Promise<void> | undefined;

  constructor(context: StartupContext) {
    this.#context = context;
  }

  /**
   * Starts what is not running yet, waits until each server is ready, then opens a source of
   * upgrades. Where that fails and no other source needs the shards, they have been stopped when it
   * rejects; another attempt starts others.
   * @param undo takes back what the caller has done for this source
   * @throws EngineError ERR_HANDOFF_UNSUPPORTED, ERR_HANDLERS_LOAD, ERR_SHARD_EXIT,
   *   ERR_ENGINE_CLOSED; what `open` throws
   */
  async attempt<Opened>(open: () => Opened | Promise<Opened>, undo: () => void): Promise<Opened> {
    const { group, entries } = this.#context;
    this.#attempts += 1;
    try {
      if (this.#stopping !== undefined) await this.#stopping;
      this.assertOpen();
      await group.start();
      await Promise.all([...entries.values()].map((entry) => entry.ready));
      this.assertOpen();
      return await open();
    } catch (error) {
      undo();
      if (this.#isUnneeded()) await this.#stop();
      throw error;
    } finally {
      this.#attempts -= 1;
    }
  }

  /** @throws EngineError ERR_ENGINE_CLOSED */
  assertOpen(): void {
    if (!this.#context.isClosed()) return;
    throw new EngineError('ERR_ENGINE_CLOSED', 'the engine has been closed');
  }

  /** Resolves when nothing is being started or stopped here; how that ended its caller knows. */
  async settled(): Promise<void> {
    await this.#stopping;
    await this.#context.group.startSettled();
  }

  /** An engine that closes stops its shards by itself. */
  #isUnneeded(): boolean {
    const { isListening, isClosed } = this.#context;
    return this.#attempts === 1 && !isListening() && !isClosed();
  }

  async #stop(): Promise<void> {
    this.#stopping = this.#stopAll();
    await this.#stopping;
    this.#stopping = undefined;
  }

  async #stopAll(): Promise<void> {
    const { group, entries, emitters, stats } = this.#context;
    const numbers = group.hosts.map(({ number }) => number);
    await group.rest();
    stats.close(); // who has asked meanwhile gets no answer
    for (const number of numbers) emitters.shardDied(number);
    for (const entry of entries.values()) entry.rested();
  }
}
