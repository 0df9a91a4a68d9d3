/**
 * Times that have been measured lately, in the last 30 to 60 times `sampleInterval`. All in
 * milliseconds.
 */
export interface RecentTimes {
  /** How many there are, more than 1000 maybe; with none of them the rest is 0. */
  readonly samples: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What waits between the threads, as one of them sees it. */
export interface MailboxStats {
  /** Bytes that others have sent to this thread and it has not read yet. */
  readonly unreadBytes: number;
  /** How full the fullest of its rings is: 0 to 1. */
  readonly fill: number;
  /** Bytes that this thread has sent to others and for which there is no room in their rings yet. */
  readonly outboxBytes: number;
  /** How long a record is on its way here, from `emit` to the thread's having read it. */
  readonly lag: RecentTimes;
}

/** How busy a thread is. */
export interface EventLoopStats {
  /**
   * Share of the time in which its event loop has not been idle: 0 to 1. Of the last 30 to 60 times
   * `sampleInterval`; where that is 0 since the thread began.
   */
  readonly utilization: number;
  /** How much later than it should a timer runs. */
  readonly delay: RecentTimes;
}

/** One thread. */
export interface ThreadStats {
  readonly mailbox: MailboxStats;
  readonly eventLoop: EventLoopStats;
}

/** Messages that connections have not got, by reason. */
export interface DroppedMessages {
  /** There was no room, with `slowConsumer` 'close' and 'drop'. */
  readonly slow: number;
  /** With 'latest': replaced by newer ones, beyond the limit, or still kept when it ended. */
  readonly latest: number;
  /** The connection had ended. */
  readonly closed: number;
}

/**
 * One server, in one shard or in all. What is no state of this moment only grows, until its shard
 * dies or the server is taken out. Of every message that was meant for a connection either
 * `delivered` or one of `dropped` has counted it.
 */
export interface ServerStats {
  readonly endpoint: string;
  /** Now. */
  readonly connections: number;
  /** Now; over all shards a room counts once for each in which it has members. */
  readonly rooms: number;
  /** Connections that have come. */
  readonly opened: number;
  /** Messages that clients have sent. */
  readonly received: number;
  /** Messages that handlers and the app have sent: one for each emit, whoever gets it. */
  readonly emitted: number;
  /** Messages queued for a socket: one for each connection that gets it. */
  readonly delivered: number;
  readonly dropped: DroppedMessages;
  /** Bytes of the messages dropped as `slow` and `latest`, framed. */
  readonly droppedBytes: number;
  /** Bytes that clients have sent, without what their HTTP requests were. */
  readonly receivedBytes: number;
  /** Bytes given to sockets, handshakes and control frames among them. */
  readonly sentBytes: number;
  /** Bytes that wait, now, because clients do not read. */
  readonly queuedBytes: number;
  /** How often a connection has fallen behind. */
  readonly fellBehind: number;
}

/** A connection for which bytes wait. */
export interface SlowConnection {
  readonly shard: number;
  readonly endpoint: string;
  readonly id: string;
  readonly queuedBytes: number;
  /** For how long none of them has gone, in milliseconds. */
  readonly stalledMs: number;
}

/** What a shard says of itself. */
export interface ShardSnapshot extends ThreadStats {
  readonly servers: readonly ServerStats[];
  /** The slowest first. */
  readonly slowest: readonly SlowConnection[];
}

/** One shard. */
export interface ShardStats extends ThreadStats {
  readonly shard: number;
  /** How often it has died and been replaced. */
  readonly restarts: number;
  readonly connections: number;
  readonly servers: readonly ServerStats[];
}

/** What the primary has sent for one server. */
export interface PrimaryServerStats {
  readonly endpoint: string;
  /** Messages that closures and `server.to` have sent: a part of what the server has emitted. */
  readonly emitted: number;
}

/** The primary thread. */
export interface PrimaryStats extends ThreadStats {
  readonly servers: readonly PrimaryServerStats[];
}

/** How often a shard has died. */
export interface ShardRestarts {
  readonly shard: number;
  readonly restarts: number;
}

/** An engine, as `engine.stats()` tells it. */
export interface EngineStats {
  readonly primary: PrimaryStats;
  /** Those that have answered. */
  readonly shards: readonly ShardStats[];
  /**
   * Shards that have not answered in time, and those that have died and not been started again:
   * nothing here counts what they have.
   */
  readonly silentShards: readonly number[];
  /** How often each shard has died, the silent ones too. */
  readonly restarts: readonly ShardRestarts[];
  /** Each server over the primary and all shards. */
  readonly servers: readonly ServerStats[];
  /** Connections for which most bytes wait, the slowest first. */
  readonly slowest: readonly SlowConnection[];
}

/** Options of `engine.stats`. */
export interface StatsOptions {
  /** How long to wait for a shard's answer, in milliseconds: 1 to 2^31 − 1. Default 1000. */
  timeoutMs?: number | undefined;
  /** How many of the slowest connections to name: 0 to 1000. Default 10. */
  slowest?: number | undefined;
}
