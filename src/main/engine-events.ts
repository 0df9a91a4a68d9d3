import type { EngineError } from '../shared/errors.ts';
import type { Restart } from './restart-backoff.ts';

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

/** One shard, as `engine.shards` shows it. */
export interface ShardInfo {
  /** From 1. */
  readonly shard: number;
  readonly connections: number;
}
