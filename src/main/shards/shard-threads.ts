import { extname } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { ShardStart } from '../../shared/messages/control-messages.ts';
import type { ResolvedEngineOptions } from '../../shared/options/engine-options.ts';
import type { RunShard } from './shard-host.ts';

const SHARD_URL = new URL(`../../workers/shard/shard${extname(import.meta.url)}`, import.meta.url);

/**
 * Megabytes of short-lived objects in one thread before V8 collects them. Most objects of a shard
 * live for one tick: with Node's default of 48 an idle connection costs 0.6 KB more (measured).
 */
export const YOUNG_GENERATION_MB = 8;

/** The `threadId` of a thread that has ended. */
const ENDED = -1;

/** The threads of an engine's shards. */
export interface ShardThreads {
  readonly run: RunShard;
  /** Ends all of them; resolves when the last has ended. */
  destroy(): Promise<void>;
}

/**
 * Starts a thread for each shard. With 0 shards the one shard runs on this thread's loop: the same
 * task without a worker around it.
 * @param onLost gets the cause when a thread died before it had begun with a shard's task
 */
export function startThreads(
  options: ResolvedEngineOptions,
  onLost: (cause: unknown) => void,
): Promise<ShardThreads> {
  return options.shards === 0 ? inline() : Promise.resolve(pool(options, onLost));
}

function pool(
  { shards, resourceLimits }: ResolvedEngineOptions,
  onLost: (cause: unknown) => void,
): ShardThreads {
  const { maxYoungGenerationSizeMb = YOUNG_GENERATION_MB } = resourceLimits ?? {};
  let isDestroyed = false;
  const threads = new Piscina<ShardStart, void>({
    filename: SHARD_URL.href,
    name: 'runShard',
    minThreads: shards,
    maxThreads: shards,
    concurrentTasksPerWorker: 1,
    idleTimeout: Number.POSITIVE_INFINITY,
    atomics: 'disabled', // 'sync' blocks an idle worker's event loop
    resourceLimits: { ...resourceLimits, maxYoungGenerationSizeMb },
  });
  // A thread that dies later rejects its run.
  threads.on('error', (cause) => {
    if (!isDestroyed) onLost(cause);
  });
  // The pool forgets a thread that died or was cut before that has ended: it may take its time.
  const exits = new Map<Worker, Promise<unknown>>();
  threads.on('workerDestroy', () => {
    for (const thread of threads.threads) {
      if (thread.threadId === ENDED || exits.has(thread)) continue;
      const exit = new Promise((resolve) => thread.once('exit', resolve));
      exits.set(thread, exit);
      void exit.then(() => exits.delete(thread));
    }
  });
  return {
    // The type of its list is narrower than that of Node.js.
    run: (start, port, signal) => threads.run(start, { transferList: [port] as never, signal }),
    destroy: async () => {
      isDestroyed = true;
      do {
        await threads.destroy();
        // The pool replaces a thread whose exit it hears of only now.
        await Promise.all(exits.values());
      } while (threads.threads.length > 0);
    },
  };
}

async function inline(): Promise<ShardThreads> {
  const { runShard } = (await import(SHARD_URL.href)) as {
    runShard: (start: ShardStart) => Promise<void>;
  };
  return { run: runShard, destroy: async () => {} };
}
