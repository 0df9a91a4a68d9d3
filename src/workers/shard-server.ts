import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type AckResult, Ask, type KeptAnswer } from '../shared/asks.ts';
import type { Codec, Message } from '../shared/codec.ts';
import { createCodecs } from '../shared/codecs.ts';
import type { ShardServerConfig } from '../shared/config.ts';
import type { ConnectionFace } from '../shared/connection-face.ts';
import type { DrainTimes, FromShard, Upgrade } from '../shared/control-messages.ts';
import { NOBODY, type Question, type ServerScope, TargetEmitter } from '../shared/emitter.ts';
import { type EngineError, handlerError, serializeError } from '../shared/errors.ts';
import type { InterestMap, InterestTable } from '../shared/interest-table.ts';
import type { DisconnectReason, Emitter, ServerHandle } from '../shared/public-types.ts';
import {
  bodyStartOf,
  connectionOf,
  encodeRecord,
  flagOf,
  nameOf,
  RecordKind,
} from '../shared/records.ts';
import {
  type AskBody,
  type AskResultBody,
  encodeResult,
  RemoteAsks,
} from '../shared/remote-asks.ts';
import { type RoutedRecord, routePublish } from '../shared/routed-record.ts';
import { NotMe, type Target } from '../shared/targets.ts';
import { arrive } from './arrival.ts';
import { Counters } from './counters.ts';
import { FrameDeflater } from './deflate.ts';
import type { Dispatch } from './dispatch.ts';
import type { FanOut } from './fan-out.ts';
import { switchingProtocols } from './handshake.ts';
import { onData, onRead, own } from './owned-socket.ts';
import { pace } from './pace.ts';
import { Rooms } from './rooms.ts';
import { ServerWebSocket } from './web-socket.ts';

/** What a shard gives to the servers in it. */
export interface ShardContext {
  readonly number: number;
  readonly fanOut: FanOut;
  /** What this shard wants to be sent. */
  readonly interest: InterestTable;
  /** What the other shards want to be sent. */
  readonly siblings: InterestMap;
  /** @throws EngineError ERR_OUTBOX_FULL, and then no peer has got any of it */
  send(records: readonly RoutedRecord[]): void;
  /** Sends a record past the bound, where what causes it bounds it already. */
  sendAlways(peer: number, record: Buffer): void;
  tell(message: FromShard): void;
}

/** The part of one server that lives in one shard: its sockets here, their rooms, its handlers. */
export class ShardServer implements ServerScope, ServerHandle {
  readonly shard: ShardContext;
  readonly number: number;
  readonly config: ShardServerConfig;
  readonly codecs: readonly Codec[];
  /** For each codec the rooms of those who speak it. */
  readonly rooms: readonly Rooms[];
  readonly dispatch: Dispatch;
  /** Compresses what goes to those who agreed to it; undefined where that is not wanted. */
  readonly deflater: FrameDeflater | undefined;
  readonly counters = new Counters();
  /** Bytes that may wait in line for one connection. */
  readonly maxQueuedBytes: number;
  readonly #sockets = new Map<number, ServerWebSocket>();
  readonly #onread;
  readonly #asks = new RemoteAsks();
  #closed: number[] = [];
  #emptied: PromiseWithResolvers<void> | undefined;

  constructor(shard: ShardContext, number: number, config: ShardServerConfig, dispatch: Dispatch) {
    this.shard = shard;
    this.number = number;
    this.config = config;
    this.codecs = createCodecs(config);
    this.dispatch = dispatch;
    const { compression } = config;
    this.deflater = compression === undefined ? undefined : new FrameDeflater(compression);
    const { maxBufferedBytes, slowConsumer } = config;
    // The other half is for what is kept while it cannot stand in line.
    this.maxQueuedBytes = slowConsumer === 'latest' ? maxBufferedBytes / 2 : maxBufferedBytes;
    this.rooms = this.codecs.map((_, codec) => new Rooms(number, codec, shard.interest));
    // One buffer for all: what a socket has read is used up before the next one reads.
    const buffer = Buffer.allocUnsafeSlow(config.readBufferSize);
    this.#onread = { buffer, callback: onRead };
  }

  get endpoint(): string {
    return this.config.endpoint;
  }

  get maxRooms(): number {
    return this.config.maxRooms;
  }

  get maxRoomNameBytes(): number {
    return this.config.maxRoomNameBytes;
  }

  get maxEventNameBytes(): number {
    return this.config.maxEventNameBytes;
  }

  get maxPendingAsks(): number {
    return this.config.maxPendingAsks;
  }

  get fanOut(): FanOut {
    return this.shard.fanOut;
  }

  to(target: Target): Emitter {
    return new TargetEmitter(this, target, NOBODY);
  }

  /** Takes an upgrade whose socket has come; the handshake ends when the handlers know of it. */
  adopt(handle: object, upgrade: Upgrade): void {
    this.#open(arrive(handle, this.#onread), upgrade);
  }

  /** Takes an upgrade whose socket has spoken TLS here, and is paused. */
  enter(socket: TLSSocket, upgrade: Upgrade): void {
    socket.on('data', onData);
    this.#open(socket, upgrade);
  }

  #open(socket: Socket, upgrade: Upgrade): void {
    const webSocket = new ServerWebSocket(this, socket, upgrade, performance.now());
    own(socket, webSocket);
    this.#sockets.set(webSocket.number, webSocket);
    webSocket.home.expect(webSocket);
    this.fanOut.send(webSocket, switchingProtocols(upgrade, this.config.headers));
    webSocket.hold(); // until the handlers know of it
    if (upgrade.head.length > 0) webSocket.read(Buffer.from(upgrade.head));
    this.dispatch.connected(webSocket);
  }

  socket(connection: number): ServerWebSocket | undefined {
    return this.#sockets.get(connection);
  }

  sockets(): Iterable<ServerWebSocket> {
    return this.#sockets.values();
  }

  publish(target: Target, sender: number, encode: (codec: Codec) => Message): void {
    const { siblings } = this.shard;
    const records = routePublish(this, siblings, target, sender, encode, this.#isWantedHere);
    this.shard.send(records); // first: where that throws, nobody shall get it
    this.counters.emitted += 1;
    for (const { record } of records) {
      const frame = record.subarray(bodyStartOf(record, 0));
      const room = nameOf(record, 0);
      const members = this.membersOf(flagOf(record, 0), room);
      if (members !== undefined) this.deliver(members, connectionOf(record, 0), frame, room);
    }
  }

  /** Sends a frame to members of a room here, but not to the one whose number is `except`. */
  deliver(members: Iterable<ServerWebSocket>, except: number, frame: Buffer, room: string): void {
    this.counters.delivered += this.fanOut.publish(members, except, frame, room, this.deflater);
  }

  /** Asks the members here, and through their shards all others. */
  async ask(target: Target, sender: number, question: Question): Promise<AckResult> {
    const { events, result } = this.#asks.ask(this, {
      target,
      sender,
      question,
      from: this.shard.number,
      interest: this.shard.siblings,
      isWantedHere: this.#isWantedHere,
      send: (records) => this.shard.send(records),
    });
    const name = target === NotMe ? '' : target;
    const except = target === NotMe ? sender : NOBODY;
    const here = this.#askHere(name, except, events, question.timeoutMs);
    const [own, others] = await Promise.all([here, result]);
    return {
      answers: [...own.answers, ...others.answers],
      missing: [...own.missing, ...others.missing],
      silentShards: others.silentShards,
    };
  }

  /** Another thread asks the members of a room here; it gets one record of the results. */
  answerAsk(body: AskBody, room: string, except: number): void {
    this.#answerAsk(body, room, except).catch((thrown) =>
      this.report(handlerError(`${this.endpoint}: a question to room '${room}'`, thrown)),
    );
  }

  async #answerAsk(body: AskBody, room: string, except: number): Promise<void> {
    const { ask, from, events, timeoutMs } = body;
    const result = await this.#askHere(room, except, events, timeoutMs, 'message');
    const header = { kind: RecordKind.ASK_RESULT, server: this.number };
    this.shard.sendAlways(from, encodeRecord(header, encodeResult(ask, result)));
  }

  /** A shard has sent what its members answered. */
  receiveResult(shard: number, result: AskResultBody): void {
    this.#asks.receive(shard, result);
  }

  /** A sibling has died. */
  siblingDied(shard: number): void {
    this.#asks.shardDied(shard);
  }

  #askHere(
    room: string,
    except: number,
    events: AskBody['events'],
    timeoutMs: number,
    keep: KeptAnswer = 'payload',
  ): Promise<AckResult> {
    const faces: ConnectionFace[] = [];
    for (const [codec, rooms] of this.rooms.entries()) {
      if (events[codec] === undefined) continue; // who speaks it came later than the question
      for (const { face, number } of rooms.membersOf(room) ?? []) {
        if (face !== undefined && number !== except) faces.push(face);
      }
    }
    const encode = (codec: Codec) => events[this.codecs.indexOf(codec)] as Message;
    return new Ask(faces, encode, timeoutMs, keep).result;
  }

  /** The members of a room here who speak a codec; the room '' has everyone. */
  membersOf(codec: number, room: string): Iterable<ServerWebSocket> | undefined {
    return this.rooms[codec]?.membersOf(room);
  }

  readonly #isWantedHere = (codec: number, room: string): boolean =>
    this.membersOf(codec, room) !== undefined;

  report(error: EngineError): void {
    this.shard.tell({ type: 'error', error: serializeError(error) });
  }

  /** For rooms and handlers the connection is over; returns what {@link Dispatch} does. */
  conclude(webSocket: ServerWebSocket, reason: DisconnectReason): boolean {
    webSocket.home.leaveAll(webSocket);
    return this.dispatch.disconnected(webSocket, reason);
  }

  /** The socket is gone. */
  forget(webSocket: ServerWebSocket): void {
    this.#sockets.delete(webSocket.number);
    this.#reportClosed(webSocket.number);
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
    this.#asks.close();
  }

  async #closeSockets({ timeoutMs, drainMs }: DrainTimes): Promise<void> {
    this.#emptied ??= Promise.withResolvers();
    const sockets = [...this.#sockets.values()];
    const overMs = Math.min(drainMs ?? Math.min(sockets.length, timeoutMs / 2), timeoutMs);
    const stopPacing = pace(sockets, overMs, (webSocket) => webSocket.disconnect(1001, ''));
    const deadline = setTimeout(() => {
      for (const webSocket of this.#sockets.values()) webSocket.terminate();
    }, timeoutMs);
    await this.#emptied.promise;
    clearTimeout(deadline);
    stopPacing();
  }
}
