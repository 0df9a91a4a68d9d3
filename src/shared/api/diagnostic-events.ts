/**
 * The names of the channels of `node:diagnostics_channel`; each message is published in the thread
 * where it happens. On `shardExit` it is that of the event `shardExit`.
 */
export const DIAGNOSTIC_CHANNELS = {
  connectionOpen: 'fanring:connection.open',
  connectionClose: 'fanring:connection.close',
  messageDrop: 'fanring:message.drop',
  shardExit: 'fanring:shard.exit',
} as const;

/** `fanring:connection.open`: a connection has come to its shard. */
export interface ConnectionOpened {
  readonly endpoint: string;
  readonly shard: number;
  readonly id: string;
}

/** `fanring:connection.close`: a connection has ended, with the reason that its handlers get. */
export interface ConnectionClosed extends ConnectionOpened {
  readonly code: number;
  readonly reason: string;
}

/** `fanring:message.drop`: a connection that is behind has lost a message. */
export interface MessageDropped extends ConnectionOpened {
  /** The option `slowConsumer` of the server. */
  readonly slowConsumer: 'close' | 'drop' | 'latest';
  /** Bytes of the message, framed. */
  readonly bytes: number;
}
