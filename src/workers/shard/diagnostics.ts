import { channel } from 'node:diagnostics_channel';
import {
  type ConnectionClosed,
  type ConnectionOpened,
  DIAGNOSTIC_CHANNELS,
  type MessageDropped,
} from '../../shared/api/diagnostic-events.ts';
import type { DisconnectReason } from '../../shared/api/public-types.ts';
import { queueMicrotask } from '../../shared/time/timers.ts';
import type { ShardSocket } from '../connection/socket-context.ts';

const opened = channel(DIAGNOSTIC_CHANNELS.connectionOpen);
const closed = channel(DIAGNOSTIC_CHANNELS.connectionClose);
const dropped = channel(DIAGNOSTIC_CHANNELS.messageDrop);

/** Tells of a connection that has come; its handlers are told next. */
export function publishOpened(socket: ShardSocket): void {
  if (opened.hasSubscribers) opened.publish(identityOf(socket));
}

// The next two may come in the middle of a fan-out, in which a subscriber must not send.

/** Tells of a connection that has ended for its handlers. */
export function publishClosed(socket: ShardSocket, { code, reason }: DisconnectReason): void {
  if (!closed.hasSubscribers) return;
  const message: ConnectionClosed = { ...identityOf(socket), code, reason };
  queueMicrotask(() => closed.publish(message));
}

/** Tells of a message of so many bytes that a connection loses because it is behind. */
export function publishDropped(socket: ShardSocket, bytes: number): void {
  if (!dropped.hasSubscribers) return;
  const { slowConsumer } = socket.server.options;
  const message: MessageDropped = { ...identityOf(socket), slowConsumer, bytes };
  queueMicrotask(() => dropped.publish(message));
}

function identityOf({ server, shard, id }: ShardSocket): ConnectionOpened {
  return { endpoint: server.options.endpoint, shard, id };
}
