import { EngineError } from '../shared/api/errors.ts';
import type { Restart } from './shards/restart-backoff.ts';

/** What an engine emits. */
export interface EngineEvents {
  /** What no handler of a connection has taken. Without a listener it becomes a process warning. */
  error: [error: EngineError];
  /**
   * A shard died; its connections are gone, and a replacement comes after `delayMs`: one that keeps
   * dying, `attempt` times in a row now, waits longer each time. Without a listener it becomes an
   * `error` with ERR_SHARD_EXIT.
   */
  shardExit: [exit: ShardExit];
}

/** The death of a shard. */
export interface ShardExit extends Restart {
  readonly shard: number;
  readonly reason: string;
  readonly cause: unknown;
}

/** What nobody hears who does not listen to `shardExit`. */
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
