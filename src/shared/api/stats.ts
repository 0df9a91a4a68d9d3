/** Times measured in the last 30 to 60 times `sampleInterval`, in milliseconds. */
export interface RecentTimes {
  /** The number of them; where it is 0, so is the rest. */
  readonly samples: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The bytes that wait between the threads, as one of them sees it. */
export interface MailboxStats {
  /** Bytes that others have sent, and that this thread has not read yet. */
  readonly unreadBytes: number;
  /** The share of its fullest ring that is in use: 0 to 1. */
  readonly fill: number;
  /** Bytes that this thread has sent, and for which others' rings have no room yet. */
  readonly outboxBytes: number;
  /** The time of a record on its way here, from `emit` until the thread has read it. */
  readonly lag: RecentTimes;
}

/** The load of a thread's event loop. */
export interface EventLoopStats {
  /**
   * The share of time in which the loop was not idle, 0 to 1, in the last 30 to 60 times
   * `sampleInterval`. Where that is 0, all time since the thread began counts.
   */
  readonly utilization: number;
  /** The lateness of timers. */
  readonly delay: RecentTimes;
}

/** The load of one thread. */
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
 * One server, in one shard or in all. Numbers that are not of this moment only grow, until the
 * shard dies or the server is taken out. Every message for a connection counts once: in
 * `delivered`, or in one of `dropped`.
 */
export interface ServerStats {
  readonly endpoint: string;
  /** Now. */
  readonly connections: number;
  /** Now; over all shards a room counts once for each in which it has members. */
  readonly rooms: number;
  /** Connections so far. */
  readonly opened: number;
  /** Messages that clients have sent. */
  readonly received: number;
  /** Payloads and answers of clients that did not match the schema of their event. */
  readonly invalidPayloads: number;
  /** Messages that handlers and the app have sent: one for each emit. */
  readonly emitted: number;
  /** Messages queued for a socket: one for each connection that gets it. */
  readonly delivered: number;
  readonly dropped: DroppedMessages;
  /** Bytes of the messages dropped as `slow` and `latest`, framed. */
  readonly droppedBytes: number;
  /** Bytes that clients have sent, without their HTTP requests. */
  readonly receivedBytes: number;
  /** Bytes given to sockets, handshakes and control frames among them. */
  readonly sentBytes: number;
  /** Bytes that wait, now, because clients do not read. */
  readonly queuedBytes: number;
  /** The times that a connection has fallen behind. */
  readonly fellBehind: number;
  /** Connections closed with 4401: their tokens had expired, or new ones were refused. */
  readonly expired: number;
}

/** A connection for which bytes wait. */
export interface SlowConnection {
  readonly shard: number;
  readonly endpoint: string;
  readonly id: string;
  readonly queuedBytes: number;
  /** Milliseconds in which none of them has gone. */
  readonly stalledMs: number;
}

/** A shard's own account of itself. */
export interface ShardSnapshot extends ThreadStats {
  readonly servers: readonly ServerStats[];
  /** The slowest first. */
  readonly slowest: readonly SlowConnection[];
}

/** One shard. */
export interface ShardStats extends ThreadStats {
  readonly shard: number;
  /** The times that it has died and been replaced. */
  readonly restarts: number;
  readonly connections: number;
  readonly servers: readonly ServerStats[];
}

/** The work of the primary for one server. */
export interface PrimaryServerStats {
  readonly endpoint: string;
  /** Messages that closures and `server.to` have sent: a part of what the server has emitted. */
  readonly emitted: number;
  /** Those that closures did not get: a part of the server's. */
  readonly invalidPayloads: number;
  /** Connections that closures have closed with 4401: a part of those that have expired. */
  readonly expired: number;
}

/** The reasons for which connections with plain requests have been refused. */
export interface RefusedConnections {
  /** There were `maxPlainConnections` already: 503. */
  readonly limit: number;
  /** There were `maxPlainConnectionsPerAddress` from its address already: 429. */
  readonly address: number;
  /** It was cut, with too many requests that had no answer. */
  readonly unanswered: number;
}

/** Connections to ports of `listen` that have sent another request than an upgrade. */
export interface PlainConnectionStats {
  /** Those that are open now, refused ones aside. */
  readonly connections: number;
  /** Those refused or cut so far: each counts once. */
  readonly refused: RefusedConnections;
}

/** The primary thread. */
export interface PrimaryStats extends ThreadStats {
  readonly servers: readonly PrimaryServerStats[];
  readonly plain: PlainConnectionStats;
}

/** The deaths of a shard. */
export interface ShardRestarts {
  readonly shard: number;
  readonly restarts: number;
}

/** The result of `engine.stats()`. */
export interface EngineStats {
  readonly primary: PrimaryStats;
  /** Those that have answered. */
  readonly shards: readonly ShardStats[];
  /**
   * Shards that have not answered in time, or have died and not been started again: their numbers
   * are missing here.
   */
  readonly silentShards: readonly number[];
  /** The deaths of each shard, also of silent ones. */
  readonly restarts: readonly ShardRestarts[];
  /** Each server over the primary and all shards. */
  readonly servers: readonly ServerStats[];
  /** Connections for which most bytes wait, the slowest first. */
  readonly slowest: readonly SlowConnection[];
}

/** Options of `engine.stats`. */
export interface StatsOptions {
  /** Milliseconds to wait for a shard's answer: 1 to 2^31 − 1. Default 1000. */
  timeoutMs?: number | undefined;
  /** The number of slowest connections to name: 0 to 1000. Default 10. */
  slowest?: number | undefined;
}
