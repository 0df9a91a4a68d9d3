import type { Socket } from 'node:net';
import { type Codec, createCodec, type Message } from '../shared/codec.ts';
import type { ShardServerConfig } from '../shared/config.ts';
import type { FromShard, Upgrade } from '../shared/control-messages.ts';
import { NOBODY, type ServerScope, TargetEmitter } from '../shared/emitter.ts';
import { type EngineError, serializeError } from '../shared/errors.ts';
import { type InterestMap, type InterestTable, interestKey } from '../shared/interest-table.ts';
import type { DisconnectReason, Emitter, ServerHandle } from '../shared/public-types.ts';
import { bodyStartOf, encodeFrameRecord, RecordKind } from '../shared/records.ts';
import { NotMe, type Target } from '../shared/targets.ts';
import { arrive } from './arrival.ts';
import type { Dispatch } from './dispatch.ts';
import type { FanOut } from './fan-out.ts';
import { switchingProtocols } from './handshake.ts';
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
  /** @throws EngineError ERR_OUTBOX_FULL, and then no peer has got the record */
  send(peers: readonly number[], record: Buffer): void;
  tell(message: FromShard): void;
}

const WEB_SOCKET = Symbol('web socket');

interface OwnedSocket extends Socket {
  [WEB_SOCKET]: ServerWebSocket;
}

/** The part of one server that lives in one shard: its sockets here, their rooms, its handlers. */
export class ShardServer implements ServerScope, ServerHandle {
  readonly shard: ShardContext;
  readonly number: number;
  readonly config: ShardServerConfig;
  readonly codec: Codec;
  readonly rooms: Rooms;
  readonly dispatch: Dispatch;
  readonly #sockets = new Map<number, ServerWebSocket>();
  readonly #onread;
  #closed: number[] = [];
  #emptied: PromiseWithResolvers<void> | undefined;

  constructor(shard: ShardContext, number: number, config: ShardServerConfig, dispatch: Dispatch) {
    this.shard = shard;
    this.number = number;
    this.config = config;
    this.codec = createCodec(config.codec, config);
    this.dispatch = dispatch;
    this.rooms = new Rooms(number, shard.interest);
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

  get fanOut(): FanOut {
    return this.shard.fanOut;
  }

  to(target: Target): Emitter {
    return new TargetEmitter(this, target, NOBODY);
  }

  /** Takes an upgrade whose socket has come; the handshake ends when the handlers know of it. */
  adopt(transferred: Socket, upgrade: Upgrade): void {
    const socket = arrive(transferred, this.#onread) as OwnedSocket;
    const webSocket = new ServerWebSocket(this, socket, upgrade, performance.now());
    socket[WEB_SOCKET] = webSocket;
    socket.on('error', ignore); // 'close' follows, and tells what is to be told
    socket.on('end', onEnd);
    socket.on('close', onClose);
    socket.setNoDelay(true);
    this.#sockets.set(webSocket.number, webSocket);
    this.rooms.expect(webSocket);
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

  publish(target: Target, sender: number, message: Message): void {
    const everyone = target === NotMe || target === '';
    const name = everyone ? '' : (target as string);
    const connection = target === NotMe ? sender : NOBODY;
    const header = { kind: RecordKind.PUBLISH, server: this.number, connection, name };
    const record = encodeFrameRecord(everyone ? { ...header, flag: 1 } : header, message);
    const siblings = this.shard.siblings.shardsFor(interestKey(this.number, name));
    if (siblings.length > 0) this.shard.send(siblings, record);
    const frame = record.subarray(bodyStartOf(record, 0));
    this.fanOut.publish(this.membersOf(name), connection, frame);
  }

  /** The members of a room in this shard; '' = every connection. */
  membersOf(room: string): Iterable<ServerWebSocket> {
    return this.rooms.membersOf(room);
  }

  report(error: EngineError): void {
    this.shard.tell({ type: 'error', error: serializeError(error) });
  }

  /** For rooms and handlers the connection is over. */
  conclude(webSocket: ServerWebSocket, reason: DisconnectReason): void {
    this.rooms.leaveAll(webSocket);
    this.dispatch.disconnected(webSocket, reason);
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
   * Closes every connection with 1001; ends those that are still there after `timeoutMs`. The shard
   * may stop while its server is being removed: then the shorter time counts.
   */
  async close(timeoutMs: number): Promise<void> {
    if (this.#sockets.size === 0) return;
    this.#emptied ??= Promise.withResolvers();
    for (const webSocket of this.#sockets.values()) webSocket.disconnect(1001, '');
    const deadline = setTimeout(() => {
      for (const webSocket of this.#sockets.values()) webSocket.terminate();
    }, timeoutMs);
    await this.#emptied.promise;
    clearTimeout(deadline);
  }
}

function ignore(): void {}

function onRead(this: OwnedSocket, bytes: number, buffer: Uint8Array): boolean {
  this[WEB_SOCKET].read((buffer as Buffer).subarray(0, bytes));
  return true;
}

function onEnd(this: OwnedSocket): void {
  this[WEB_SOCKET].socketEnded();
}

function onClose(this: OwnedSocket): void {
  this[WEB_SOCKET].socketClosed();
}
