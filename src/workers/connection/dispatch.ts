import { type EngineError, serializeError } from '../../shared/api/errors.ts';
import type {
  Backpressure,
  Connection,
  DisconnectReason,
  HandlerModule,
} from '../../shared/api/public-types.ts';
import type { AppConnection } from '../../shared/app/app-connection.ts';
import type { ConnectionIdentity, ConnectionLink } from '../../shared/app/connection-link.ts';
import { callHandler } from '../../shared/app/handler-calls.ts';
import { forgetHeaders, type KeepHeaders } from '../../shared/app/kept-headers.ts';
import {
  encodeCloseRecord,
  encodeErrorRecord,
  encodeRecord,
  RecordKind,
} from '../../shared/messages/records.ts';

/** A server as those who tell its handlers need it. */
export interface DispatchContext {
  readonly number: number;
  readonly options: { readonly keepHeaders: KeepHeaders };
  /** Returns the app's view of a connection, for handlers in this thread. */
  appConnection(link: ConnectionLink, identity: ConnectionIdentity): AppConnection;
}

/** A connection as those who tell its handlers need it. */
export interface DispatchSocket extends ConnectionLink {
  readonly server: DispatchContext;
  readonly identity: ConnectionIdentity;
  /** The app's view of it, where the handlers run in this thread. */
  app: AppConnection | undefined;
  /** Lets messages reach it: the handlers are about to be told of it. */
  enter(): void;
  /** Lets bytes leave, and reads: the handlers know of it. */
  open(): void;
  /** Stops reading, until {@link DispatchSocket.release}. */
  hold(): void;
  release(): void;
}

/** Tells a server's handlers what happens to its connections, wherever the handlers are. */
export interface Dispatch {
  /**
   * An upgrade has arrived: `socket.enter()` is due before the handlers are told of it,
   * `socket.open()` when they have been.
   */
  connected(socket: DispatchSocket): void;
  /** @param data only valid during the call */
  message(socket: DispatchSocket, data: Buffer, isBinary: boolean): void;
  /** @param data only valid during the call */
  control(socket: DispatchSocket, kind: 'ping' | 'pong', data: Buffer): void;
  failed(socket: DispatchSocket, error: EngineError): void;
  /** It has fallen behind with what it is sent, or is behind no more. */
  backpressure(socket: DispatchSocket, backpressure: Backpressure): void;
  /**
   * The last call for this connection.
   * @returns true if the handlers have answered all that came before; false if `concluded()` of the
   *   socket follows when they have
   */
  disconnected(socket: DispatchSocket, reason: DisconnectReason): boolean;
}

/** Handlers in a module of this shard. */
export class ModuleDispatch implements Dispatch {
  readonly #module: HandlerModule;

  constructor(module: HandlerModule) {
    this.#module = module;
  }

  connected(socket: DispatchSocket): void {
    const { server } = socket;
    const app = server.appConnection(socket, socket.identity);
    socket.app = app;
    socket.enter();
    const onConnection = (connection: Connection) => this.#module.onConnection(connection);
    const onThrown = (thrown: unknown, of: string) => app.handlerThrew(thrown, of);
    const result = callHandler(onConnection, app, 'onConnection', onThrown);
    socket.open();
    forgetHeaders(socket.identity, server.options.keepHeaders, [result]);
  }

  message(socket: DispatchSocket, data: Buffer, isBinary: boolean): void {
    socket.app?.receive(isBinary ? data : data.toString('utf8'));
  }

  control(socket: DispatchSocket, kind: 'ping' | 'pong', data: Buffer): void {
    socket.app?.tell(kind, new Uint8Array(data));
  }

  // The next three may come in the middle of a fan-out. A handler that sends there would get its
  // message to some members ahead of the one on its way: so the handlers run right after.

  failed(socket: DispatchSocket, error: EngineError): void {
    queueMicrotask(() => socket.app?.clientFailed(error));
  }

  backpressure(socket: DispatchSocket, backpressure: Backpressure): void {
    queueMicrotask(() => socket.app?.tell('backpressure', backpressure));
  }

  disconnected(socket: DispatchSocket, reason: DisconnectReason): boolean {
    queueMicrotask(() => socket.app?.ended(socket.rooms ?? [], reason));
    return true;
  }
}

/** How a shard's records go to the primary. */
export interface PrimaryOutlet {
  /** Sends a record, whatever waits already. */
  send(record: Buffer): void;
  /** Whether records wait because the primary's ring is full. */
  isCongested(): boolean;
}

/** Handlers that are closures on the primary: records to its mailbox. */
export class PrimaryDispatch implements Dispatch {
  readonly #primary: PrimaryOutlet;
  readonly #held: Set<DispatchSocket>;

  /** @param held gets the sockets that stop reading because the primary cannot keep up */
  constructor(primary: PrimaryOutlet, held: Set<DispatchSocket>) {
    this.#primary = primary;
    this.#held = held;
  }

  connected(socket: DispatchSocket): void {
    this.#send(encodeRecord(header(socket, RecordKind.CONNECTED)));
  }

  message(socket: DispatchSocket, data: Buffer, isBinary: boolean): void {
    this.#send(encodeRecord({ ...header(socket, RecordKind.MESSAGE), isBinary }, data));
    this.#holdIfCongested(socket);
  }

  control(socket: DispatchSocket, kind: 'ping' | 'pong', data: Buffer): void {
    const recordKind = kind === 'ping' ? RecordKind.PING : RecordKind.PONG;
    this.#send(encodeRecord(header(socket, recordKind), data));
    this.#holdIfCongested(socket);
  }

  failed(socket: DispatchSocket, error: EngineError): void {
    this.#send(encodeErrorRecord(header(socket, RecordKind.ERROR), serializeError(error)));
  }

  backpressure(socket: DispatchSocket, backpressure: Backpressure): void {
    const body = Buffer.from(JSON.stringify(backpressure));
    this.#send(encodeRecord(header(socket, RecordKind.BACKPRESSURE), body));
  }

  disconnected(socket: DispatchSocket, { code, reason }: DisconnectReason): boolean {
    // What it still sends is for nobody; but the answer to a close frame has to be read.
    if (this.#held.delete(socket)) socket.release();
    this.#send(encodeCloseRecord(header(socket, RecordKind.DISCONNECTED), code, reason));
    return false; // the primary says so, with CONCLUDED
  }

  /** Bounded without a limit: a socket that has put a record behind a full ring reads no more. */
  #send(record: Buffer): void {
    this.#primary.send(record);
  }

  #holdIfCongested(socket: DispatchSocket): void {
    if (!this.#primary.isCongested() || this.#held.has(socket)) return;
    this.#held.add(socket);
    socket.hold();
  }
}

function header({ server, number }: DispatchSocket, kind: RecordKind) {
  return { kind, server: server.number, connection: number };
}
