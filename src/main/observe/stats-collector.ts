import type {
  EngineStats,
  PrimaryServerStats,
  ShardRestarts,
  ShardSnapshot,
  ShardStats,
  StatsOptions,
  ThreadStats,
} from '../../shared/api/stats.ts';
import type { FromShard } from '../../shared/messages/control-messages.ts';
import {
  applyRules,
  type Filled,
  integer,
  MAX_MS,
  type Rules,
} from '../../shared/options/option-rules.ts';
import { Gather } from '../../shared/spread/gather.ts';
import type { ShardHost } from '../shards/shard-host.ts';
import { sumServers } from './server-totals.ts';

const STATS_RULES: Rules<Filled<StatsOptions>> = {
  timeoutMs: integer(1, MAX_MS, 1000),
  slowest: integer(0, 1000, 10),
};

/** The threads of an engine. */
interface Threads {
  /** The shards that run. */
  readonly hosts: readonly ShardHost[];
  /** How busy the primary is. */
  readonly load: { stats(): ThreadStats };
}

/** The servers of an engine, with what the primary has sent for them. */
type Servers = ReadonlyMap<number, { readonly stats: PrimaryServerStats }>;

type Answer = Extract<FromShard, { type: 'snapshot' }>;

/** Asks the shards how they are, and puts their answers together. */
export class StatsCollector {
  readonly #threads: Threads;
  readonly #servers: Servers;
  readonly #snapshots = new Gather<readonly [shard: number, snapshot: ShardSnapshot]>();
  /** How often each shard has died. */
  readonly #deaths = new Map<number, number>();

  constructor(threads: Threads, servers: Servers) {
    this.#threads = threads;
    this.#servers = servers;
  }

  /** @throws EngineError ERR_OPTION */
  async collect(options: StatsOptions): Promise<EngineStats> {
    const { timeoutMs, slowest } = applyRules(STATS_RULES, options);
    const { hosts } = this.#threads;
    const snapshots = new Map<number, ShardSnapshot>();
    const numbers = hosts.map(({ number }) => number);
    const down = [...this.#deaths.keys()].filter((shard) => !numbers.includes(shard));
    const silent = await this.#snapshots.ask(
      numbers,
      timeoutMs,
      (ask) => {
        for (const host of hosts) host.post({ type: 'take-snapshot', ask, slowest });
      },
      ([shard, snapshot]) => snapshots.set(shard, snapshot),
    );
    return this.#combine(snapshots, [...silent, ...down], slowest);
  }

  /** A shard has answered, maybe too late. */
  receive(shard: number, { ask, snapshot }: Answer): void {
    this.#snapshots.receive(shard, ask, [shard, snapshot]);
  }

  /** A shard has died: what it has not answered it never will. */
  shardDied(shard: number): void {
    this.#deaths.set(shard, (this.#deaths.get(shard) ?? 0) + 1);
    this.#snapshots.shardDied(shard);
  }

  /** Nobody will answer any more. */
  close(): void {
    this.#snapshots.close();
  }

  #combine(
    snapshots: ReadonlyMap<number, ShardSnapshot>,
    silent: readonly number[],
    slowest: number,
  ): EngineStats {
    const shards = [...snapshots].map(([shard, snapshot]) => this.#shardStats(shard, snapshot));
    shards.sort((a, b) => a.shard - b.shard);
    const servers = [...this.#servers.values()].map(({ stats }) => stats);
    const waiting = [...snapshots.values()].flatMap((snapshot) => snapshot.slowest);
    waiting.sort((a, b) => b.queuedBytes - a.queuedBytes);
    return {
      primary: { ...this.#threads.load.stats(), servers },
      shards,
      silentShards: silent.toSorted((a, b) => a - b),
      restarts: this.#restartsOf([...snapshots.keys(), ...silent]),
      servers: sumServers(servers, shards),
      slowest: waiting.slice(0, slowest),
    };
  }

  #restartsOf(shards: readonly number[]): ShardRestarts[] {
    return shards
      .toSorted((a, b) => a - b)
      .map((shard) => ({ shard, restarts: this.#deaths.get(shard) ?? 0 }));
  }

  #shardStats(shard: number, { mailbox, eventLoop, servers }: ShardSnapshot): ShardStats {
    const connections = servers.reduce((sum, server) => sum + server.connections, 0);
    const restarts = this.#deaths.get(shard) ?? 0;
    return { shard, restarts, connections, mailbox, eventLoop, servers };
  }
}
