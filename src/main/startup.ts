import { EngineError } from '../shared/api/errors.ts';
import type { ServerEntry } from './servers/server-entry.ts';
import type { ShardGroup } from './shards/shard-group.ts';

/** An engine as its startup needs it. */
export interface StartupContext {
  readonly group: ShardGroup;
  readonly entries: ReadonlyMap<number, ServerEntry>;
  /** Is aborted when the engine closes. */
  readonly closing: AbortSignal;
  /** Whether upgrades come from anywhere. */
  isListening(): boolean;
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
   * Starts the shards, waits until each server is ready, then opens a source of upgrades. Where that
   * fails and no other source needs the shards, they have been stopped when it rejects; another
   * attempt starts others.
   * @param undo takes back the caller's preparations for this source
   * @throws EngineError ERR_HANDOFF_UNSUPPORTED, ERR_HANDLERS_LOAD, ERR_SHARD_EXIT,
   *   ERR_ENGINE_CLOSED; errors of `open`
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
      if (this.#isUnneeded()) {
        this.#stopping = group.rest();
        await this.#stopping;
        this.#stopping = undefined;
      }
      throw error;
    } finally {
      this.#attempts -= 1;
    }
  }

  /** Whether `listen` or `attach` is under way, and rejects where a server cannot be loaded. */
  get isPending(): boolean {
    return this.#attempts > 0;
  }

  /** @throws EngineError ERR_ENGINE_CLOSED */
  assertOpen(): void {
    if (!this.#context.closing.aborted) return;
    throw new EngineError('ERR_ENGINE_CLOSED', 'the engine has been closed');
  }

  /** Resolves when no shards are being stopped here. */
  async settled(): Promise<void> {
    await this.#stopping;
  }

  /** Whether the shards can be stopped here: an engine that closes stops them by itself. */
  #isUnneeded(): boolean {
    const { isListening, closing } = this.#context;
    return this.#attempts === 1 && !isListening() && !closing.aborted;
  }
}
