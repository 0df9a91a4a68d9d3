import type { Duplex } from 'node:stream';
import type { EngineError } from '../../shared/api/errors.ts';
import type { ServerHandle } from '../../shared/api/public-types.ts';
import { AppConnection } from '../../shared/app/app-connection.ts';
import { AppServer } from '../../shared/app/app-server.ts';
import type { ConnectionIdentity, ConnectionLink } from '../../shared/app/connection-link.ts';
import { RunningHandlers } from '../../shared/app/running-handlers.ts';
import type { Codec } from '../../shared/codec/codec.ts';
import { createCodecs } from '../../shared/codec/codecs.ts';
import { CLOSE_CODES } from '../../shared/codec/frame.ts';
import { Expiries } from '../../shared/expiry/expiries.ts';
import type { DrainTimes, Upgrade } from '../../shared/messages/control-messages.ts';
import type { ShardServerOptions } from '../../shared/options/server-options.ts';
import { moduleChecks } from '../../shared/schema/module-checks.ts';
import { SpreadServer } from '../../shared/spread/spread-server.ts';
import { clearTimeout, setImmediate, setTimeout } from '../../shared/time/timers.ts';
import { switchingProtocols } from '../adopt/handshake.ts';
import { movedSocket } from '../adopt/moved-socket.ts';
import type { Dispatch, SocketContext } from '../connection/socket-context.ts';
import { TokenRenewals } from '../connection/token-renewals.ts';
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
import { ShardLocal } from './shard-local.ts';

/** The part of one server that lives in one shard: its sockets here, their rooms, its handlers. */
export class ShardServer implements SocketContext {
  readonly shard: ShardContext;
  readonly number: number;
  readonly options: ShardServerOptions;
  readonly codecs: readonly Codec[];
  /** The rooms here, for each codec. */
  readonly rooms: readonly Rooms[];
  readonly dispatch: Dispatch;
  /** The verbs for all of its connections, wherever they are. */
  readonly spread: SpreadServer;
  /** The app's view of it. */
  readonly app: ServerHandle;
  /** Compresses messages for clients that agreed to it; undefined where the server does not. */
  readonly deflater: FrameDeflater | undefined;
  readonly counters = new Counters();
  /** New tokens of its clients, on their way to the primary and back. */
  readonly renewals: TokenRenewals;
  readonly #expiries: Expiries;
  /** Bytes that may wait in line for one connection. */
  readonly maxQueuedBytes: number;
  readonly #sockets = new Map<number, ServerWebSocket>();
  readonly #running: RunningHandlers;
  /** The buffer that all sockets read into: each uses up its bytes before the next one reads. */
  readonly #readBuffer: Buffer;
  #closed: number[] = [];
  #emptied: PromiseWithResolvers<void> | undefined;

  /**
   * @param events the schemas of its handler module
   * @throws EngineError ERR_HANDLERS_LOAD where those are none
   */
  constructor(
    shard: ShardContext,
    number: number,
    options: ShardServerOptions,
    dispatch: Dispatch,
    events?: unknown,
  ) {
    const checks = moduleChecks(events, options, this.counters);
    this.shard = shard;
    this.number = number;
    this.options = options;
    this.codecs = createCodecs(options);
    this.dispatch = dispatch;
    const { compression } = options;
    this.deflater = compression === undefined ? undefined : new FrameDeflater(compression);
    const { maxBufferedBytes, slowConsumer } = options;
    // The other half is for messages that are kept while they cannot stand in line.
    this.maxQueuedBytes = slowConsumer === 'latest' ? maxBufferedBytes / 2 : maxBufferedBytes;
    this.rooms = this.codecs.map(
      (_, codec) => new Rooms(number, codec, shard.interest, shard.counts),
    );
    this.spread = new SpreadServer({
      number,
      endpoint: options.endpoint,
      limits: options,
      codecs: this.codecs,
      peers: shard.peers,
      local: new ShardLocal(this.rooms, shard.fanOut, this.deflater, this.counters),
      counters: this.counters,
      checks,
      report: (error) => shard.report(error),
    });
    this.renewals = new TokenRenewals(number, (message) => shard.tell(message));
    const renew = this.renewals.renew.bind(this.renewals);
    this.#expiries = new Expiries(renew, this.counters);
    this.#running = new RunningHandlers(options);
    this.app = new AppServer(this.spread);
    this.#readBuffer = Buffer.allocUnsafeSlow(options.readBufferSize);
  }

  get fanOut(): FanOut {
    return this.shard.fanOut;
  }

  /** Takes an upgrade whose handle has come; the handshake ends when the handlers know of it. */
  adopt(handle: object, upgrade: Upgrade): void {
    const { counters } = this;
    const buffer = this.#readBuffer;
    const transport = TcpTransport.isPossible
      ? new TcpTransport(handle, buffer, counters)
      : new StreamTransport(movedSocket(handle, { buffer, callback: onRead }), counters);
    this.#open(transport, upgrade);
  }

  /** Takes an upgrade whose socket is a stream, and paused: of TLS, or relayed by the primary. */
  enter(socket: Duplex, upgrade: Upgrade): void {
    socket.on('data', onData);
    this.#open(new StreamTransport(socket, this.counters), upgrade);
  }

  #open(transport: Transport, upgrade: Upgrade): void {
    const webSocket = new ServerWebSocket(this, transport, upgrade, performance.now());
    this.#sockets.set(webSocket.number, webSocket);
    webSocket.home.expect(webSocket);
    this.counters.opened += 1;
    publishOpened(webSocket);
    this.fanOut.send(webSocket, switchingProtocols(upgrade, this.options.headers));
    if (upgrade.head !== undefined) webSocket.read(Buffer.from(upgrade.head));
    this.dispatch.connected(webSocket);
  }

  socket(connection: number): ServerWebSocket | undefined {
    return this.#sockets.get(connection);
  }

  sockets(): Iterable<ServerWebSocket> {
    return this.#sockets.values();
  }

  /** The app's view of a connection here, for handlers in this thread. */
  appConnection(link: ConnectionLink, identity: ConnectionIdentity): AppConnection {
    const app = new AppConnection(this.app, this.spread, link, identity, this.#running);
    if (identity.expiry !== undefined) app.expires(this.#expiries, identity.expiry);
    return app;
  }

  report(error: EngineError): void {
    this.spread.report(error);
  }

  /** Drops a connection whose socket is gone, and tells the primary. */
  forget(connection: number): void {
    this.#sockets.delete(connection);
    if (this.#sockets.size === 0) this.#emptied?.resolve();
    // One message for all of a loop turn.
    if (this.#closed.push(connection) > 1) return;
    setImmediate(() => {
      this.shard.tell({ type: 'closed', server: this.number, connections: this.#closed });
      this.#closed = [];
    });
  }

  /**
   * Closes every connection with 1001, one after the other; ends those that are left after
   * `timeoutMs`. Waits as long for the handlers in this thread, which end with it. If the shard stops
   * while its server is being removed, the shorter time counts.
   */
  async close(times: DrainTimes): Promise<void> {
    const deadline = performance.now() + times.timeoutMs;
    if (this.#sockets.size > 0) await this.#closeSockets(times);
    const { spread, options } = this;
    await this.#running.ended(deadline - performance.now(), options.endpoint, (error) =>
      spread.report(error),
    );
    this.spread.close();
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
