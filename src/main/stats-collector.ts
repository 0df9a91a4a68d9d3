import type { FromShard } from '../shared/control-messages.ts';
import { applyRules, integer, type Rules } from '../shared/option-rules.ts';
import type {
  EngineStats,
  PrimaryServerStats,
  ShardSnapshot,
  ShardStats,
  StatsOptions,
  ThreadStats,
} from '../shared/stats.ts';
import { sumServers } from './server-totals.ts';
import type { ShardHost } from './shard-host.ts';

const STATS_RULES: Rules<StatsOptions> = {
  timeoutMs: integer(1, 2 ** 31 - 1, 1000),
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

/** A question to the shards that some have not answered yet. */
interface Collection {
  /** Those of which nothing has come yet. */
  readonly waitsFor: Set<number>;
  readonly snapshots: Map<number, ShardSnapshot>;
  /** Those that will not answer. */
  readonly dead: number[];
  readonly done: () => void;
}

/** Asks the shards how they are, and puts their answers together. */
export class StatsCollector {
  readonly #threads: Threads;
  readonly #servers: Servers;
  readonly #collections = new Map<number, Collection>();
  /** How often each shard has died. */
  readonly #deaths = new Map<number, number>();
  #lastQuestion = 0;

  constructor(threads: Threads, servers: Servers) {
    this.#threads = threads;
    this.#servers = servers;
  }

  /** @throws EngineError ERR_OPTION */
  async collect(options: StatsOptions): Promise<EngineStats> {
    const { timeoutMs, slowest } = applyRules(STATS_RULES, options);
    const { promise: answered, resolve: done } = Promise.withResolvers<void>();
    const { hosts } = this.#threads;
    const waitsFor = new Set(hosts.map(({ number }) => number));
    const collection: Collection = { waitsFor, snapshots: new Map(), dead: [], done };
    const question = ++this.#lastQuestion;
    this.#collections.set(question, collection);
    for (const host of hosts) host.post({ type: 'take-snapshot', question, slowest });
    if (hosts.length === 0) done();
    const deadline = setTimeout(done, timeoutMs);
    await answered;
    clearTimeout(deadline);
    this.#collections.delete(question);
    return this.#combine(collection, slowest);
  }

  /** A shard has answered, maybe too late. */
  receive(shard: number, { question, snapshot }: Answer): void {
    const collection = this.#collections.get(question);
    if (collection === undefined) return;
    collection.snapshots.set(shard, snapshot);
    settle(collection, shard);
  }

  /** A shard has died: what it has not answered it never will. */
  shardDied(shard: number): void {
    this.#deaths.set(shard, (this.#deaths.get(shard) ?? 0) + 1);
    for (const collection of this.#collections.values()) {
      if (!collection.waitsFor.has(shard)) continue;
      collection.dead.push(shard);
      settle(collection, shard);
    }
  }

  /** Nobody will answer any more. */
  close(): void {
    for (const { done } of this.#collections.values()) done();
  }

  #combine({ snapshots, waitsFor, dead }: Collection, slowest: number): EngineStats {
    const shards = [...snapshots].map(([shard, snapshot]) => this.#shardStats(shard, snapshot));
    shards.sort((a, b) => a.shard - b.shard);
    const servers = [...this.#servers.values()].map(({ stats }) => stats);
    const waiting = [...snapshots.values()].flatMap((snapshot) => snapshot.slowest);
    waiting.sort((a, b) => b.queuedBytes - a.queuedBytes);
    return {
      primary: { ...this.#threads.load.stats(), servers },
      shards,
      silentShards: [...waitsFor, ...dead].sort((a, b) => a - b),
      servers: sumServers(servers, shards),
      slowest: waiting.slice(0, slowest),
    };
  }

  #shardStats(shard: number, { mailbox, eventLoop, servers }: ShardSnapshot): ShardStats {
    const connections = servers.reduce((sum, server) => sum + server.connections, 0);
    const restarts = this.#deaths.get(shard) ?? 0;
    return { shard, restarts, connections, mailbox, eventLoop, servers };
  }
}

function settle({ waitsFor, done }: Collection, shard: number): void {
  waitsFor.delete(shard);
  if (waitsFor.size === 0) done();
}
