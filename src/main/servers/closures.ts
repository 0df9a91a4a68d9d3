import type { AsyncResource } from 'node:async_hooks';
import { deserializeError } from '../../shared/api/errors.ts';
import type { Connection, HandlerOptions } from '../../shared/api/public-types.ts';
import type { AppConnection } from '../../shared/app/app-connection.ts';
import type { ConnectionIdentity, ConnectionLink } from '../../shared/app/connection-link.ts';
import type { Handler } from '../../shared/app/handler-calls.ts';
import { forgetHeaders, type KeepHeaders } from '../../shared/app/kept-headers.ts';
import { listen } from '../../shared/app/listening.ts';
import { whenConnected } from '../../shared/app/when-connected.ts';
import { CLOSE_CODES } from '../../shared/codec/frame.ts';
import type { Renewal } from '../../shared/expiry/expiries.ts';
import type { RecordView } from '../../shared/messages/record-view.ts';
import { RecordKind } from '../../shared/messages/records.ts';
import type { Local } from '../../shared/spread/local.ts';
import { isSelected, type Selection } from '../../shared/spread/selection.ts';
import { Conditions } from '../../shared/time/conditions.ts';
import type { Handshake } from '../admit/handshake-check.ts';
import { type LinkContext, RemoteLink } from './remote-link.ts';
import { RoomSizes } from './room-sizes.ts';

/** An upgrade on its way to a shard. */
export interface Arrival {
  readonly shard: number;
  readonly identity: ConnectionIdentity;
  readonly handshake: Handshake;
  /** Decides on new tokens; left out where its client is asked for none. */
  readonly renew?: ((token: string) => Promise<Renewal>) | undefined;
}

/** Everything that a server gives to its closures. */
export interface ClosuresContext extends LinkContext {
  readonly keepHeaders: KeepHeaders;
  /** The asynchronous context of this thread's loop. */
  readonly threadContext: AsyncResource;
  /** Returns the app's view of a connection. */
  appConnection(link: ConnectionLink, identity: ConnectionIdentity): AppConnection;
}

/** A connection whose handlers are closures. */
interface RemoteConnection {
  readonly app: AppConnection;
  readonly link: RemoteLink;
}

/**
 * The half of a server that is on the primary where its handlers are closures: the app's view of
 * every connection. The sockets are in the shards.
 */
export class Closures implements Local<never> {
  readonly handlersOf = 'all';
  readonly #context: ClosuresContext;
  readonly #sizes = new RoomSizes();
  readonly #handlers = new Map<'connection', Handler<Connection>[]>();
  /** Upgrades that are on their way to a shard. */
  readonly #arriving = new Map<number, Arrival>();
  readonly #connections = new Map<number, RemoteConnection>();
  readonly #ends = new Conditions();

  constructor(context: ClosuresContext) {
    this.#context = context;
  }

  /** Adds an `onConnection` handler, as {@link listen}. */
  add(fn: Handler<Connection>, options?: HandlerOptions): () => void {
    return listen(this.#handlers, 'connection', fn, options);
  }

  /** An upgrade is about to move to a shard. */
  expect(connection: number, arrival: Arrival): void {
    this.#arriving.set(connection, arrival);
  }

  /** An upgrade did not get there. */
  refused(connection: number): void {
    this.#arriving.delete(connection);
  }

  select(): undefined {}

  deliver(): void {}

  members(selection: Selection): AppConnection[] {
    const members: AppConnection[] = [];
    for (const { app } of this.#connections.values()) {
      if (isSelected(app, selection)) members.push(app);
    }
    return members;
  }

  *rooms(): Iterable<readonly [room: string, members: number]> {
    for (const { link } of this.#connections.values()) {
      for (const room of link.rooms ?? []) yield [room, 1];
    }
  }

  count(room: string): number {
    return this.#sizes.of(room);
  }

  /** Carries out a record that a shard has sent for one connection. */
  receive(record: RecordView): void {
    if (record.kind === RecordKind.CONNECTED) {
      this.#connected(record.connection, record.from);
      return;
    }
    const connection = this.#connections.get(record.connection);
    if (connection === undefined) return;
    const { app, link } = connection;
    switch (record.kind) {
      case RecordKind.MESSAGE:
        app.receive(record.isBinary ? record.copyBody() : record.text());
        return;
      case RecordKind.PING:
        app.tell('ping', new Uint8Array(record.copyBody()));
        return;
      case RecordKind.PONG:
        app.tell('pong', new Uint8Array(record.copyBody()));
        return;
      case RecordKind.ERROR:
        app.clientFailed(deserializeError(record.json()));
        return;
      case RecordKind.BACKPRESSURE:
        app.tell('backpressure', record.json());
        return;
      case RecordKind.DISCONNECTED:
        this.#disconnected(connection, record.close());
        if (!app.owesAnswers) link.concluded(); // else it does so behind them
    }
  }

  /** A shard has died, and its connections with it. */
  shardDied(shard: number): void {
    for (const [connection, arrival] of this.#arriving) {
      if (arrival.shard === shard) this.#arriving.delete(connection);
    }
    for (const connection of [...this.#connections.values()]) {
      if (connection.link.shard !== shard) continue;
      this.#disconnected(connection, { code: CLOSE_CODES.ABNORMAL, reason: 'the shard died' });
    }
  }

  /** Resolves when the last closure has been told of its connection's end. */
  async empty(): Promise<void> {
    await this.#ends.until(() => this.#connections.size === 0);
  }

  #connected(number: number, shard: number): void {
    const arrival = this.#arriving.get(number);
    if (arrival === undefined) return;
    this.#arriving.delete(number);
    const { identity, handshake } = arrival;
    const link = new RemoteLink(this.#context, handshake, number, shard, identity.id, this.#sizes);
    const app = this.#context.appConnection(link, identity);
    this.#connections.set(number, { app, link });
    link.enter();
    const pending = app.connected(
      this.#handlers.get('connection') ?? [],
      this.#context.threadContext,
    );
    whenConnected(link, app, pending);
    forgetHeaders(identity, this.#context.keepHeaders, pending);
  }

  #disconnected({ app, link }: RemoteConnection, reason: { code: number; reason: string }): void {
    this.#connections.delete(link.number);
    link.uncount();
    app.ended(link.rooms ?? [], reason);
    this.#ends.recheck();
  }
}
