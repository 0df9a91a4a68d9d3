import { AsyncResource } from 'node:async_hooks';
import { type EngineError, serializeError } from '../../shared/api/errors.ts';
import type {
  Backpressure,
  Connection,
  DisconnectReason,
  HandlerModule,
} from '../../shared/api/public-types.ts';
import type { Handler } from '../../shared/app/handler-calls.ts';
import { forgetHeaders } from '../../shared/app/kept-headers.ts';
import { whenConnected } from '../../shared/app/when-connected.ts';
import { PRIMARY } from '../../shared/messages/control-messages.ts';
import {
  encodeCloseRecord,
  encodeErrorRecord,
  encodeRecord,
  RecordKind,
} from '../../shared/messages/records.ts';
import type { TickLoop } from '../../shared/ring/tick-loop.ts';
import { queueMicrotask } from '../../shared/time/timers.ts';
import type { PrimaryBacklog } from './primary-backlog.ts';
import type { Dispatch, ShardSocket } from './socket-context.ts';

/** Calls handlers in a module of this shard. */
export class ModuleDispatch implements Dispatch {
  readonly #onConnection: readonly Handler<Connection>[];
  readonly #threadContext: AsyncResource;

  /** @param threadContext the asynchronous context of this thread's loop */
  constructor(module: HandlerModule, threadContext = new AsyncResource('fanring.Handlers')) {
    this.#onConnection = [(connection) => module.onConnection(connection)];
    this.#threadContext = threadContext;
  }

  connected(socket: ShardSocket): void {
    const { server } = socket;
    const app = server.appConnection(socket, socket.identity);
    socket.app = app;
    socket.enter();
    const pending = app.connected(this.#onConnection, this.#threadContext);
    whenConnected(socket, app, pending);
    forgetHeaders(socket.identity, server.options.keepHeaders, pending);
  }

  message({ app }: ShardSocket, data: Buffer, isBinary: boolean): void {
    app?.receive(isBinary ? data : data.toString('utf8'));
  }

  control({ app }: ShardSocket, kind: 'ping' | 'pong', data: Buffer): void {
    app?.tell(kind, new Uint8Array(data));
  }

  // The next three may come in the middle of a fan-out. A handler that sends there would get its
  // message to some members ahead of the one on its way: so the handlers run right after.

  failed({ app }: ShardSocket, error: EngineError): void {
    queueMicrotask(() => app?.clientFailed(error));
  }

  backpressure({ app }: ShardSocket, backpressure: Backpressure): void {
    queueMicrotask(() => app?.tell('backpressure', backpressure));
  }

  disconnected(socket: ShardSocket, reason: DisconnectReason): boolean {
    queueMicrotask(() => socket.app?.ended(socket.rooms ?? [], reason));
    return true;
  }
}

/** Sends records to the mailbox of the primary, where the handlers are closures. */
export class PrimaryDispatch implements Dispatch {
  readonly #ticks: Pick<TickLoop, 'sendAlways'>;
  readonly #backlog: Pick<PrimaryBacklog, 'sent' | 'ended'>;

  /** @param backlog holds the sockets that send more than the primary can keep up with */
  constructor(
    ticks: Pick<TickLoop, 'sendAlways'>,
    backlog: Pick<PrimaryBacklog, 'sent' | 'ended'>,
  ) {
    this.#ticks = ticks;
    this.#backlog = backlog;
  }

  connected(socket: ShardSocket): void {
    this.#send(encodeRecord(header(socket, RecordKind.CONNECTED)));
  }

  message(socket: ShardSocket, data: Buffer, isBinary: boolean): void {
    this.#send(encodeRecord({ ...header(socket, RecordKind.MESSAGE), isBinary }, data));
    this.#backlog.sent(socket, data.length);
  }

  control(socket: ShardSocket, kind: 'ping' | 'pong', data: Buffer): void {
    const recordKind = kind === 'ping' ? RecordKind.PING : RecordKind.PONG;
    this.#send(encodeRecord(header(socket, recordKind), data));
    this.#backlog.sent(socket, data.length);
  }

  failed(socket: ShardSocket, error: EngineError): void {
    this.#send(encodeErrorRecord(header(socket, RecordKind.ERROR), serializeError(error)));
  }

  backpressure(socket: ShardSocket, backpressure: Backpressure): void {
    const body = Buffer.from(JSON.stringify(backpressure));
    this.#send(encodeRecord(header(socket, RecordKind.BACKPRESSURE), body));
  }

  disconnected(socket: ShardSocket, { code, reason }: DisconnectReason): boolean {
    this.#backlog.ended(socket);
    this.#send(encodeCloseRecord(header(socket, RecordKind.DISCONNECTED), code, reason));
    return false; // the primary says so, with CONCLUDED
  }

  /** Sends past the limit of the outbox: a socket whose record waits there reads no more. */
  #send(record: Buffer): void {
    this.#ticks.sendAlways(PRIMARY, record);
  }
}

function header({ server, number }: ShardSocket, kind: RecordKind) {
  return { kind, server: server.number, connection: number };
}
