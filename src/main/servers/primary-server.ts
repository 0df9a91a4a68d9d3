import { deserializeError, EngineError } from '../../shared/api/errors.ts';
import type { Connection, ServerHandle } from '../../shared/api/public-types.ts';
import { AppConnection, type ConnectionIdentity } from '../../shared/app/app-connection.ts';
import type { OutsideScope } from '../../shared/app/app-server.ts';
import { callHandler } from '../../shared/app/handler-calls.ts';
import { forgetHeaders } from '../../shared/app/kept-headers.ts';
import { type AckResult, Ask } from '../../shared/ask/ask.ts';
import { listConnections, listRooms } from '../../shared/ask/listing.ts';
import { RemoteAsks } from '../../shared/ask/remote-asks.ts';
import { type Found, type Query, RemoteLists } from '../../shared/ask/remote-lists.ts';
import type { Codec, Message } from '../../shared/codec/codec.ts';
import { createCodecs } from '../../shared/codec/codecs.ts';
import { CLOSE_CODES } from '../../shared/codec/frame.ts';
import { type Command, carryOut, sendCommand } from '../../shared/emit/commands.ts';
import { routePublish } from '../../shared/emit/routing.ts';
import { isSelected, NOBODY, type Selection } from '../../shared/emit/selection.ts';
import type { Question } from '../../shared/emit/target-emitter.ts';
import {
  backpressureOf,
  cloneBodyOf,
  closeOf,
  connectionOf,
  copyBody,
  errorOf,
  flagOf,
  kindOf,
  RecordKind,
  textBodyOf,
} from '../../shared/messages/records.ts';
import { optionError } from '../../shared/options/option-rules.ts';
import type { ResolvedServerOptions } from '../../shared/options/server-options.ts';
import type { CountsMap } from '../../shared/tables/room-counts.ts';
import type { Handshake } from '../admit/handshake-check.ts';
import { type RecordOutlet, RemoteLink } from './remote-link.ts';

/** What the engine gives to its servers. */
export interface ServerContext {
  readonly outlet: RecordOutlet;
  /** How many are in the shards' rooms. */
  readonly counts: CountsMap;
  report(error: EngineError): void;
}

/** An upgrade on its way to a shard: what its closures will want to know of it. */
export interface Arrival {
  readonly shard: number;
  readonly identity: ConnectionIdentity;
  readonly handshake: Handshake;
}

/** A connection whose handlers are closures here. */
interface RemoteConnection {
  readonly face: AppConnection;
  readonly link: RemoteLink;
}

/** One server on the primary: its options, its connections' closures, what it sends to shards. */
export class PrimaryServer implements OutsideScope {
  readonly number: number;
  readonly options: ResolvedServerOptions;
  readonly codecs: readonly Codec[];
  /** What has been sent from here: one for each emit, whoever gets it. */
  readonly counters = { emitted: 0 };
  readonly outlet: RecordOutlet;
  readonly #context: ServerContext;
  readonly #onConnection: ((connection: Connection) => unknown)[] = [];
  /** Upgrades that are on their way to a shard: their identity stays here. */
  readonly #arriving = new Map<number, Arrival>();
  readonly #connections = new Map<number, RemoteConnection>();
  readonly #asks = new RemoteAsks();
  readonly #lists = new RemoteLists();
  #onEmpty: (() => void) | undefined;

  constructor(number: number, options: ResolvedServerOptions, context: ServerContext) {
    this.number = number;
    this.options = options;
    this.codecs = createCodecs(options);
    this.outlet = context.outlet;
    this.#context = context;
  }

  get endpoint(): string {
    return this.options.endpoint;
  }

  /** Whether what happens to connections comes here. */
  get hasClosures(): boolean {
    return this.options.handlers === undefined;
  }

  addConnectionHandler(fn: (connection: Connection) => unknown): void {
    if (typeof fn !== 'function') throw optionError('onConnection', fn, 'a function');
    if (!this.hasClosures) {
      const message = `${this.endpoint} has its handlers in a module; onConnection would not be called`;
      throw new EngineError('ERR_HANDLERS_CONFLICT', message);
    }
    this.#onConnection.push(fn);
  }

  publish(selection: Selection, encode: (codec: Codec) => Message): void {
    const { outlet } = this;
    outlet.send(routePublish(this, outlet.interest, selection, encode, () => false));
    this.counters.emitted += 1;
  }

  async ask(selection: Selection, question: Question): Promise<AckResult> {
    if (this.hasClosures) {
      const { encode, timeoutMs } = question;
      return new Ask(this.#facesOf(selection), encode, timeoutMs).result;
    }
    return this.#asks.ask(this, { selection, question, isWantedHere: () => false }).result;
  }

  count(room: string): number {
    return this.#context.counts.sum(this.number, this.codecs.length, room);
  }

  command(selection: Selection, command: Command): void {
    if (this.hasClosures) carryOut(command, [...this.#facesOf(selection)]);
    else sendCommand(this, selection, command);
  }

  async list(query: Query, timeoutMs: number): Promise<Found> {
    if (!this.hasClosures) return this.#lists.ask(this, query, timeoutMs);
    const faces = this.#facesOf({ room: query.room, except: NOBODY });
    const nothing = { connections: [], rooms: [], silentShards: [] };
    return query.list === 'rooms'
      ? { ...nothing, rooms: listRooms(roomsOf(this.#connections.values()), query) }
      : { ...nothing, connections: listConnections(faces, query) };
  }

  report(error: EngineError): void {
    this.#context.report(error);
  }

  /** An upgrade is about to move to a shard: its identity is kept until the shard has it. */
  expect(connection: number, arrival: Arrival): void {
    if (this.hasClosures) this.#arriving.set(connection, arrival);
  }

  /** An upgrade did not get there. */
  refused(connection: number): void {
    this.#arriving.delete(connection);
  }

  /** Carries out a record of a shard; its bytes are only valid during the call. */
  receive(handle: ServerHandle, record: Buffer, start: number, end: number, shard: number): void {
    const number = connectionOf(record, start);
    const kind = kindOf(record, start);
    if (kind === RecordKind.CONNECTED) {
      this.#connected(handle, number, shard);
      return;
    }
    if (kind === RecordKind.ASK_RESULT) {
      this.#asks.receive(shard, cloneBodyOf(record, start, end));
      return;
    }
    if (kind === RecordKind.QUERY_RESULT) {
      this.#lists.receive(shard, cloneBodyOf(record, start, end));
      return;
    }
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    const { face } = connection;
    switch (kind) {
      case RecordKind.MESSAGE: {
        const isBinary = flagOf(record, start) === 1;
        face.receive(isBinary ? copyBody(record, start, end) : textBodyOf(record, start, end));
        return;
      }
      case RecordKind.PING:
        face.tell('ping', new Uint8Array(copyBody(record, start, end)));
        return;
      case RecordKind.PONG:
        face.tell('pong', new Uint8Array(copyBody(record, start, end)));
        return;
      case RecordKind.ERROR:
        face.clientFailed(deserializeError(errorOf(record, start, end)));
        return;
      case RecordKind.BACKPRESSURE:
        face.tell('backpressure', backpressureOf(record, start, end));
        return;
      case RecordKind.DISCONNECTED:
        this.#disconnected(connection, closeOf(record, start, end));
        connection.link.concluded();
    }
  }

  /** A shard has died, and its connections with it. */
  shardDied(shard: number): void {
    this.#asks.shardDied(shard);
    this.#lists.shardDied(shard);
    for (const [connection, arrival] of this.#arriving) {
      if (arrival.shard === shard) this.#arriving.delete(connection);
    }
    for (const connection of [...this.#connections.values()]) {
      if (connection.link.shard !== shard) continue;
      this.#disconnected(connection, { code: CLOSE_CODES.ABNORMAL, reason: 'the shard died' });
    }
  }

  /** No shard has it any more: what was asked there is not answered. */
  closed(): void {
    this.#asks.close();
    this.#lists.close();
  }

  /** Resolves when the last closure has been told of its connection's end. */
  async empty(): Promise<void> {
    if (this.#connections.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    await promise;
  }

  *#facesOf(selection: Selection): Iterable<AppConnection> {
    for (const { face } of this.#connections.values()) {
      if (isSelected(face, selection)) yield face;
    }
  }

  #connected(handle: ServerHandle, number: number, shard: number): void {
    const arrival = this.#arriving.get(number);
    if (arrival === undefined) return;
    this.#arriving.delete(number);
    const link = new RemoteLink(this, arrival.handshake, number, shard, this.outlet);
    const face = new AppConnection(handle, this, link, arrival.identity);
    this.#connections.set(number, { face, link });
    link.enter();
    const onThrown = (thrown: unknown, of: string) => face.handlerThrew(thrown, of);
    const results = this.#onConnection.map((onConnection) =>
      callHandler(onConnection, face, 'onConnection', onThrown),
    );
    link.open();
    forgetHeaders(arrival.identity, this.options.keepHeaders, results);
  }

  #disconnected({ face, link }: RemoteConnection, reason: { code: number; reason: string }): void {
    this.#connections.delete(link.number);
    face.ended(link.rooms ?? [], reason);
    if (this.#connections.size === 0) this.#onEmpty?.();
  }
}

function* roomsOf(connections: Iterable<RemoteConnection>): Iterable<[room: string, member: 1]> {
  for (const { link } of connections) for (const room of link.rooms ?? []) yield [room, 1];
}
