import type {
  EngineStats,
  PlainConnectionStats,
  ShardSnapshot,
  ShardStats,
  StatsOptions,
} from '../../shared/api/stats.ts';
import type { FromShard } from '../../shared/messages/control-messages.ts';
import type { ThreadLoad } from '../../shared/observe/thread-load.ts';
import {
  applyRules,
  type Filled,
  integer,
  MAX_MS,
  type Rules,
} from '../../shared/options/option-rules.ts';
import { Gather } from '../../shared/spread/gather.ts';
import type { ServerEntry } from '../servers/server-entry.ts';
import type { ShardHost } from '../shards/shard-host.ts';
import { sumServers } from './server-totals.ts';

const STATS_RULES: Rules<Filled<StatsOptions>> = {
  timeoutMs: integer(1, MAX_MS, 1000),
  slowest: integer(0, 1000, 10),
};

/** The servers of an engine. */
type Servers = ReadonlyMap<number, Pick<ServerEntry, 'stats'>>;

/** The source of the numbers of plain connections. */
interface PlainSource {
  readonly plain: PlainConnectionStats;
}

type Answer = Extract<FromShard, { type: 'snapshot' }>;

/** Asks the shards for their statistics, and combines the answers. */
export class StatsCollector {
  readonly #hosts: readonly ShardHost[];
  readonly #primary: Pick<ThreadLoad, 'stats'>;
  readonly #servers: Servers;
  readonly #listeners: PlainSource;
  readonly #snapshots = new Gather<readonly [shard: number, snapshot: ShardSnapshot]>();
  /** How often each shard has died. */
  readonly #deaths = new Map<number, number>();

  /**
   * @param hosts the shards that run, at any time
   * @param primary the load of the primary's thread
   */
  constructor(
    hosts: readonly ShardHost[],
    primary: Pick<ThreadLoad, 'stats'>,
    servers: Servers,
    listeners: PlainSource,
  ) {
    this.#hosts = hosts;
    this.#primary = primary;
    this.#servers = servers;
    this.#listeners = listeners;
  }

  /** @throws EngineError ERR_OPTION */
  async collect(options: StatsOptions): Promise<EngineStats> {
    const { timeoutMs, slowest } = applyRules(STATS_RULES, options);
    const hosts = this.#hosts;
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
    return this.#combine(snapshots, [...silent, ...down].sort(ascending), slowest);
  }

  /** A shard has answered, maybe too late. */
  receive(shard: number, { ask, snapshot }: Answer): void {
    this.#snapshots.receive(shard, ask, [shard, snapshot]);
  }

  /** A shard has died, and will not answer any more. */
  shardDied(shard: number): void {
    this.#deaths.set(shard, this.#deathsOf(shard) + 1);
    this.#snapshots.peerDied(shard);
  }

  /** No shard will answer any more. */
  close(): void {
    this.#snapshots.close();
  }

  #combine(
    snapshots: ReadonlyMap<number, ShardSnapshot>,
    silentShards: readonly number[],
    slowest: number,
  ): EngineStats {
    const shards = [...snapshots].map(([shard, snapshot]) => this.#shardStats(shard, snapshot));
    shards.sort((a, b) => a.shard - b.shard);
    const servers = [...this.#servers.values()].map(({ stats }) => stats);
    const waiting = [...snapshots.values()].flatMap((snapshot) => snapshot.slowest);
    waiting.sort((a, b) => b.queuedBytes - a.queuedBytes);
    const all = [...snapshots.keys(), ...silentShards].sort(ascending);
    return {
      primary: { ...this.#primary.stats(), servers, plain: this.#listeners.plain },
      shards,
      silentShards,
      restarts: all.map((shard) => ({ shard, restarts: this.#deathsOf(shard) })),
      servers: sumServers(servers, shards),
      slowest: waiting.slice(0, slowest),
    };
  }

  #shardStats(shard: number, { mailbox, eventLoop, servers }: ShardSnapshot): ShardStats {
    const connections = servers.reduce((sum, server) => sum + server.connections, 0);
    return { shard, restarts: this.#deathsOf(shard), connections, mailbox, eventLoop, servers };
  }

  #deathsOf(shard: number): number {
    return this.#deaths.get(shard) ?? 0;
  }
}

function ascending(a: number, b: number): number {
  return a - b;
}
