import type { TLSSocket } from 'node:tls';
import { type EngineError, serializeError } from '../../shared/api/errors.ts';
import type { ServerHandle } from '../../shared/api/public-types.ts';
import {
  AppConnection,
  type ConnectionIdentity,
  type ConnectionLink,
} from '../../shared/app/app-connection.ts';
import { AppServer, type OutsideScope } from '../../shared/app/app-server.ts';
import type { AckResult } from '../../shared/ask/ask.ts';
import type { Found, Query } from '../../shared/ask/remote-lists.ts';
import type { Codec, Message } from '../../shared/codec/codec.ts';
import { createCodecs } from '../../shared/codec/codecs.ts';
import { CLOSE_CODES } from '../../shared/codec/frame.ts';
import { type Command, carryOut, sendCommand } from '../../shared/emit/commands.ts';
import type { Outlet } from '../../shared/emit/outlet.ts';
import { routePublish } from '../../shared/emit/routing.ts';
import { labelOf, type Selection } from '../../shared/emit/selection.ts';
import type { Question } from '../../shared/emit/target-emitter.ts';
import type { DrainTimes, Upgrade } from '../../shared/messages/control-messages.ts';
import { flagOf, frameStartOf } from '../../shared/messages/records.ts';
import type { ShardServerOptions } from '../../shared/options/server-options.ts';
import { switchingProtocols } from '../adopt/handshake.ts';
import { movedSocket } from '../adopt/moved-socket.ts';
import type { Dispatch } from '../connection/dispatch.ts';
import { ServerWebSocket } from '../connection/web-socket.ts';
import { Counters } from '../shard/counters.ts';
import { publishOpened } from '../shard/diagnostics.ts';
import { pace } from '../shard/pace.ts';
import type { ShardContext } from '../shard/shard-context.ts';
import { onData, onRead, StreamTransport } from '../write/stream-transport.ts';
import { TcpTransport } from '../write/tcp-transport.ts';
import type { Transport } from '../write/transport.ts';
import { FrameDeflater } from './deflate.ts';
import type { FanOut } from './fan-out.ts';
import { Rooms } from './rooms.ts';
import { type Selected, selectedIn } from './selected.ts';
import { ShardAsks } from './shard-asks.ts';
import { ShardLists } from './shard-lists.ts';

/** The part of one server that lives in one shard: its sockets here, their rooms, its handlers. */
export class ShardServer implements OutsideScope {
  readonly shard: ShardContext;
  readonly outlet: Outlet;
  readonly number: number;
  readonly options: ShardServerOptions;
  readonly codecs: readonly Codec[];
  /** For each codec the rooms of those who speak it. */
  readonly rooms: readonly Rooms[];
  readonly dispatch: Dispatch;
  readonly asks = new ShardAsks(this);
  readonly lists = new ShardLists(this);
  /** The app's view of it. */
  readonly handle: ServerHandle = new AppServer(this);
  /** Compresses what goes to those who agreed to it; undefined where that is not wanted. */
  readonly deflater: FrameDeflater | undefined;
  readonly counters = new Counters();
  /** Bytes that may wait in line for one connection. */
  readonly maxQueuedBytes: number;
  readonly #sockets = new Map<number, ServerWebSocket>();
  /** What all sockets read into: what one has read is used up before the next one reads. */
  readonly #readBuffer: Buffer;
  #closed: number[] = [];
  #emptied: PromiseWithResolvers<void> | undefined;

  constructor(
    shard: ShardContext,
    number: number,
    options: ShardServerOptions,
    dispatch: Dispatch,
  ) {
    this.shard = shard;
    this.outlet = shard.outlet;
    this.number = number;
    this.options = options;
    this.codecs = createCodecs(options);
    this.dispatch = dispatch;
    const { compression } = options;
    this.deflater = compression === undefined ? undefined : new FrameDeflater(compression);
    const { maxBufferedBytes, slowConsumer } = options;
    // The other half is for what is kept while it cannot stand in line.
    this.maxQueuedBytes = slowConsumer === 'latest' ? maxBufferedBytes / 2 : maxBufferedBytes;
    this.rooms = this.codecs.map(
      (_, codec) => new Rooms(number, codec, shard.interest, shard.counts),
    );
    this.#readBuffer = Buffer.allocUnsafeSlow(options.readBufferSize);
  }

  get endpoint(): string {
    return this.options.endpoint;
  }

  get fanOut(): FanOut {
    return this.shard.fanOut;
  }

  /** Takes an upgrade whose socket has come; the handshake ends when the handlers know of it. */
  adopt(handle: object, upgrade: Upgrade): void {
    this.#open(this.#transportOf(handle), upgrade);
  }

  /** Takes an upgrade whose socket has spoken TLS here, and is paused. */
  enter(socket: TLSSocket, upgrade: Upgrade): void {
    socket.on('data', onData);
    this.#open(new StreamTransport(socket, this.counters), upgrade);
  }

  #transportOf(handle: object): Transport {
    const { counters } = this;
    const buffer = this.#readBuffer;
    if (TcpTransport.isPossible) return new TcpTransport(handle, buffer, counters);
    return new StreamTransport(movedSocket(handle, { buffer, callback: onRead }), counters);
  }

  #open(transport: Transport, upgrade: Upgrade): void {
    const webSocket = new ServerWebSocket(this, transport, upgrade, performance.now());
    this.#sockets.set(webSocket.number, webSocket);
    webSocket.home.expect(webSocket);
    this.counters.opened += 1;
    publishOpened(webSocket);
    this.fanOut.send(webSocket, switchingProtocols(upgrade, this.options.headers));
    webSocket.hold(); // until the handlers know of it
    if (upgrade.head !== undefined) webSocket.read(Buffer.from(upgrade.head));
    this.dispatch.connected(webSocket);
  }

  socket(connection: number): ServerWebSocket | undefined {
    return this.#sockets.get(connection);
  }

  sockets(): Iterable<ServerWebSocket> {
    return this.#sockets.values();
  }

  publish(selection: Selection, encode: (codec: Codec) => Message): void {
    const { outlet, isWantedHere } = this;
    const records = routePublish(this, outlet.interest, selection, encode, isWantedHere);
    outlet.send(records); // first: where that throws, nobody shall get it
    this.counters.emitted += 1;
    for (const { record } of records) {
      const frame = record.subarray(frameStartOf(record, 0));
      const selected = selectedIn(this.rooms[flagOf(record, 0)], selection);
      if (selected !== undefined) this.deliver(selected, frame, labelOf(selection));
    }
  }

  /** Sends a frame to who is here of a selection; `room` is what they have in common. */
  deliver({ members, except }: Selected, frame: Buffer, room: string): void {
    this.counters.delivered += this.fanOut.publish(members, except, frame, room, this.deflater);
  }

  ask(selection: Selection, question: Question): Promise<AckResult> {
    return this.asks.ask(selection, question);
  }

  list(query: Query, timeoutMs: number): Promise<Found> {
    return this.lists.list(query, timeoutMs);
  }

  count(room: string): number {
    const { counts, siblingCounts } = this.shard;
    let count = siblingCounts.sum(this.number, this.codecs.length, room);
    for (let codec = 0; codec < this.codecs.length; codec++) {
      count += counts.get(this.number, codec, room);
    }
    return count;
  }

  command(selection: Selection, command: Command): void {
    sendCommand(this, selection, command);
    this.carryOut(selection, command);
  }

  /** Has who is here do something. */
  carryOut(selection: Selection, command: Command): void {
    carryOut(command, this.facesOf(selection));
  }

  /** A sibling has died. */
  siblingDied(shard: number): void {
    this.asks.siblingDied(shard);
    this.lists.siblingDied(shard);
  }

  /** Who is here of a selection, where the handlers are here too. */
  facesOf(selection: Selection, speaks = (_codec: number) => true): AppConnection[] {
    const faces: AppConnection[] = [];
    for (const [codec, rooms] of this.rooms.entries()) {
      const selected = speaks(codec) ? selectedIn(rooms, selection) : undefined;
      if (selected === undefined) continue;
      for (const { face, number } of selected.members) {
        if (face !== undefined && number !== selected.except) faces.push(face);
      }
    }
    return faces;
  }

  /** Whether somebody here may be of a selection and speaks a codec. */
  readonly isWantedHere = (codec: number, { room, several }: Selection): boolean => {
    const rooms = this.rooms[codec];
    if (several === undefined) return rooms?.membersOf(room) !== undefined;
    return several.rooms.some((name) => rooms?.membersOf(name) !== undefined);
  };

  report(error: EngineError): void {
    this.shard.tell({ type: 'error', error: serializeError(error) });
  }

  /** The app's view of a connection here, for handlers in this thread. */
  faceOf(link: ConnectionLink, identity: ConnectionIdentity): AppConnection {
    return new AppConnection(this.handle, this, link, identity);
  }

  /** The socket of a connection is gone. */
  forget(connection: number): void {
    this.#sockets.delete(connection);
    this.#reportClosed(connection);
    if (this.#sockets.size === 0) this.#emptied?.resolve();
  }

  /** Tells the primary that a connection is no more: one message for all of a loop turn. */
  #reportClosed(connection: number): void {
    this.#closed.push(connection);
    if (this.#closed.length > 1) return;
    setImmediate(() => {
      this.shard.tell({ type: 'closed', server: this.number, connections: this.#closed });
      this.#closed = [];
    });
  }

  /**
   * Closes every connection with 1001, one after the other; ends those that are still there after
   * `timeoutMs`. The shard may stop while its server is being removed: then the shorter time counts.
   */
  async close(times: DrainTimes): Promise<void> {
    if (this.#sockets.size > 0) await this.#closeSockets(times);
    this.asks.close();
    this.lists.close();
  }

  async #closeSockets({ timeoutMs, drainMs }: DrainTimes): Promise<void> {
    this.#emptied ??= Promise.withResolvers();
    const sockets = [...this.#sockets.values()];
    const overMs = Math.min(drainMs ?? Math.min(sockets.length, timeoutMs / 2), timeoutMs);
    const stopPacing = pace(sockets, overMs, (webSocket) =>
      webSocket.disconnect(CLOSE_CODES.GOING_AWAY, ''),
    );
    const deadline = setTimeout(() => {
      for (const webSocket of this.#sockets.values()) webSocket.terminate();
    }, timeoutMs);
    await this.#emptied.promise;
    clearTimeout(deadline);
    stopPacing();
  }
}
