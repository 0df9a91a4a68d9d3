import type { EngineStats } from '../../src/main/index.ts';

/** How busy one shard is. */
export interface ShardLoad {
  readonly shard: number;
  readonly connections: number;
  /** Messages given to its connections, a second. */
  readonly delivered: number;
  /** How long records are on their way to it, in milliseconds: the median, and all but 1 %. */
  readonly lag: { readonly p50: number; readonly p99: number };
  /** Share of the time that its thread is busy, 0 to 1. */
  readonly busy: number;
}

/** Makes rates of counters that only grow: what has come since the last look. */
export class LoadMeter {
  readonly #delivered = new Map<number, number>();
  #lookedAt = performance.now();

  /** How busy each shard has been since the last call. */
  read({ shards }: EngineStats): ShardLoad[] {
    const now = performance.now();
    const seconds = (now - this.#lookedAt) / 1000;
    this.#lookedAt = now;
    return shards.map(({ shard, connections, servers, mailbox, eventLoop }) => {
      const delivered = servers.reduce((sum, server) => sum + server.delivered, 0);
      const before = this.#delivered.get(shard) ?? delivered;
      this.#delivered.set(shard, delivered);
      const { p50, p99 } = mailbox.lag;
      return {
        ...{ shard, connections, lag: { p50, p99 }, busy: eventLoop.utilization },
        // A shard that has been replaced begins with 0 again.
        delivered: Math.max(0, delivered - before) / seconds,
      };
    });
  }
}
