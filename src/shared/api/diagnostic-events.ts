/*
 * What is published on `node:diagnostics_channel`, each in the thread where it happens.
 */

/** The names of the channels; on `shardExit` what the event of that name has. */
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

/** `fanring:connection.close`: a connection has ended, as its handlers are told. */
export interface ConnectionClosed extends ConnectionOpened {
  readonly code: number;
  readonly reason: string;
}

/** `fanring:message.drop`: a connection that is behind does not get a message. */
export interface MessageDropped extends ConnectionOpened {
  /** What the server's `slowConsumer` says. */
  readonly slowConsumer: 'close' | 'drop' | 'latest';
  /** Of the message, framed. */
  readonly bytes: number;
}
