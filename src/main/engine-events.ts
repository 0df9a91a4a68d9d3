import { EngineError } from '../shared/api/errors.ts';
import type { Restart } from './shards/restart-backoff.ts';

/** The events of an engine. */
export interface EngineEvents {
  /** An error that no handler of a connection takes. Without a listener: a process warning. */
  error: [error: EngineError];
  /**
   * A shard died, and its connections with it. A replacement starts after `delayMs`, longer each
   * time for a shard that keeps dying: `attempt` times in a row now. Without a listener it becomes
   * an `error` with ERR_SHARD_EXIT.
   */
  shardExit: [exit: ShardExit];
}

/** The death of a shard. */
export interface ShardExit extends Restart {
  readonly shard: number;
  readonly reason: string;
  readonly cause: unknown;
}

/** Makes the `error` of a shard's death, for apps that do not listen to `shardExit`. */
export function exitError({ shard, reason, delayMs, cause }: ShardExit): EngineError {
  const message = `shard ${shard} died: ${reason}; restarts in ${delayMs} ms`;
  return new EngineError('ERR_SHARD_EXIT', message, { cause });
}

/** One shard, as `engine.shards` shows it. */
export interface ShardInfo {
  /** From 1. */
  readonly shard: number;
  readonly connections: number;
}
