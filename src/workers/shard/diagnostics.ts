import { channel } from 'node:diagnostics_channel';
import {
  type ConnectionClosed,
  type ConnectionOpened,
  DIAGNOSTIC_CHANNELS,
  type MessageDropped,
} from '../../shared/api/diagnostic-events.ts';
import type { DisconnectReason } from '../../shared/api/public-types.ts';
import type { SlowConsumerChoice } from '../../shared/options/server-options.ts';

/** A connection as subscribers of a channel are told of it. */
interface ObservedSocket {
  readonly id: string;
  readonly shard: number;
  readonly server: {
    readonly endpoint: string;
    readonly options: { readonly slowConsumer: SlowConsumerChoice };
  };
}

const opened = channel(DIAGNOSTIC_CHANNELS.connectionOpen);
const closed = channel(DIAGNOSTIC_CHANNELS.connectionClose);
const dropped = channel(DIAGNOSTIC_CHANNELS.messageDrop);

/** A connection has come; its handlers are told next. */
export function publishOpened(socket: ObservedSocket): void {
  if (opened.hasSubscribers) opened.publish(identityOf(socket));
}

// The next two may come in the middle of a fan-out, in which a subscriber must not send.

/** A connection has ended for its handlers. */
export function publishClosed(socket: ObservedSocket, { code, reason }: DisconnectReason): void {
  if (!closed.hasSubscribers) return;
  const message: ConnectionClosed = { ...identityOf(socket), code, reason };
  queueMicrotask(() => closed.publish(message));
}

/** A connection that is behind loses a message of so many bytes. */
export function publishDropped(socket: ObservedSocket, bytes: number): void {
  if (!dropped.hasSubscribers) return;
  const { slowConsumer } = socket.server.options;
  const message: MessageDropped = { ...identityOf(socket), slowConsumer, bytes };
  queueMicrotask(() => dropped.publish(message));
}

function identityOf({ server, shard, id }: ObservedSocket): ConnectionOpened {
  return { endpoint: server.endpoint, shard, id };
}
