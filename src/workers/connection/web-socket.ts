import type { EngineError } from '../../shared/api/errors.ts';
import type { DisconnectReason } from '../../shared/api/public-types.ts';
import type { AppConnection, ConnectionLink } from '../../shared/app/app-connection.ts';
import { type Codec, impliesAnswers, type Message } from '../../shared/codec/codec.ts';
import {
  buildCloseFrame,
  buildControlFrame,
  buildFrame,
  CLOSE_CODES,
  OPCODES,
} from '../../shared/codec/frame.ts';
import type { Upgrade } from '../../shared/messages/control-messages.ts';
import { UpgradeIdentity } from '../adopt/upgrade-identity.ts';
import type { Batch } from '../deliver/fan-out.ts';
import type { Rooms } from '../deliver/rooms.ts';
import type { ShardServer } from '../deliver/shard-server.ts';
import { FrameReader, type FrameSink } from '../read/frame-reader.ts';
import { RateLimitedSink } from '../read/rate-limited-sink.ts';
import type { Transport, TransportOwner } from '../write/transport.ts';
import { Liveness, PING } from './liveness.ts';
import { SlowConsumer } from './slow-consumer.ts';

/** One socket: its state, what it sends, its backpressure and its closing handshake. */
export class ServerWebSocket implements ConnectionLink, FrameSink, TransportOwner {
  readonly server: ShardServer;
  readonly number: number;
  readonly id: string;
  readonly identity: UpgradeIdentity;
  readonly codec: Codec;
  readonly answersAsks: boolean;
  /** The window that messages to it are compressed with, 9 to 15; 0 = they are not. */
  readonly deflateBits: number;
  /** The rooms of the server here that it can be in: those of its codec. */
  readonly home: Rooms;
  rooms: Set<string> | undefined;
  /** The app's view of it, where the handlers run in this thread. */
  face: AppConnection | undefined;
  /** What this tick has for it; the fan-out's. */
  batch: Batch | undefined;
  /** Whether the fan-out will flush it at the end of this tick; the fan-out's. */
  awaitsFlush = false;
  heardIn = 0;

  readonly #transport: Transport;
  readonly #reader: FrameReader;
  readonly liveness: Liveness;
  readonly #rate: RateLimitedSink | undefined;
  #state: 'open' | 'closing' | 'closed' = 'open';
  /** Whether the 101 waits, and all behind it, until the handlers know of the connection. */
  #isOpening = true;
  /** What answers the client's end of it, as long as closures may have more to say before that. */
  #closeFrame: Buffer | undefined;
  #endsAfterFlush = false;
  #isHeld = false;
  /** While it is behind. */
  #slow: SlowConsumer | undefined;
  /** Bytes that the socket had not yet sent when this tick's first frame came. */
  #backlog = 0;
  #closingAt = 0;

  constructor(server: ShardServer, transport: Transport, upgrade: Upgrade, now: number) {
    this.server = server;
    this.number = upgrade.connection;
    this.id = upgrade.id;
    this.identity = new UpgradeIdentity(upgrade);
    this.answersAsks = impliesAnswers(upgrade.protocol);
    this.codec = server.codecs[upgrade.codec] as Codec;
    this.home = server.rooms[upgrade.codec] as Rooms;
    this.#transport = transport;
    transport.owner = this;
    this.deflateBits = upgrade.deflate ? (upgrade.deflate.serverMaxWindowBits ?? 15) : 0;
    this.#rate = RateLimitedSink.of(this, now);
    this.#reader = new FrameReader(server.options, this.#rate ?? this, this.deflateBits > 0);
    this.liveness = new Liveness(server.options, transport, now);
  }

  get shard(): number {
    return this.server.shard.number;
  }
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  // ── receiving ──────────────────────────────────────────────────────────────────────────────

  read(chunk: Buffer): void {
    this.server.counters.receivedBytes += chunk.length;
    this.server.shard.coalescing.heard(this);
    if (this.#state !== 'closed') this.#reader.read(chunk);
  }

  /** The handlers know of it: what has waited goes out, the 101 first, and reading begins. */
  open(): void {
    this.#isOpening = false;
    this.flush();
    this.release();
  }

  /** Stops reading until {@link ServerWebSocket.release}: the handlers cannot keep up. */
  hold(): void {
    this.#isHeld = true;
    this.#rate?.held();
    this.#reader.pause();
    this.#transport.pause();
  }

  release(): void {
    this.#isHeld = false;
    this.#rate?.released();
    // Before reader.resume(), which may well hold again.
    this.#transport.resume();
    this.#reader.resume();
  }

  onMessage(data: Buffer, isBinary: boolean): void {
    if (!this.isOpen) return;
    this.server.counters.received += 1;
    this.server.dispatch.message(this, data, isBinary);
  }

  onPing(data: Buffer): void {
    if (!this.isOpen) return;
    const pong = buildControlFrame(OPCODES.PONG, data);
    if (this.admits(pong, '')) this.server.fanOut.send(this, pong);
    this.server.dispatch.control(this, 'ping', data);
  }

  onPong(data: Buffer): void {
    this.liveness.pong();
    if (this.isOpen) this.server.dispatch.control(this, 'pong', data);
  }

  onClose(code: number, reason: string): void {
    this.#clientEnds(code === CLOSE_CODES.NO_STATUS ? undefined : code, { code, reason });
  }

  onViolation(error: EngineError): void {
    const code = error.closeCode ?? CLOSE_CODES.ABNORMAL; // from 1008 on a limit, of which the client is told
    if (this.isOpen) this.server.dispatch.failed(this, error);
    this.#reader.stop();
    this.#clientEnds(
      code,
      { code, reason: error.message },
      code < CLOSE_CODES.POLICY_VIOLATION ? '' : error.message,
    );
  }

  // ── sending ────────────────────────────────────────────────────────────────────────────────

  send(message: Message): void {
    const { counters } = this.server;
    counters.emitted += 1;
    if (this.isOpen) this.sendFrame(buildFrame(message));
    else counters.droppedClosed += 1;
  }

  sendFrame(frame: Buffer): void {
    const { counters, deflater, fanOut } = this.server;
    const { isOpen } = this;
    const bytes = deflater?.formFor(this.deflateBits, frame) ?? frame;
    if (this.admits(bytes, this.id, frame)) {
      counters.delivered += 1;
      fanOut.send(this, bytes);
    } else if (!isOpen) {
      counters.droppedClosed += 1;
    }
  }

  /**
   * Whether a frame may be sent to it now; does what is due where not.
   * @param room whom it is for: '' = everyone
   * @param plain the frame as it was before anything was done to it
   */
  admits(frame: Buffer, room: string, plain = frame): boolean {
    if (!this.isOpen && this.#closeFrame === undefined) return false;
    const bytes = frame.length;
    const { maxQueuedBytes, options } = this.server;
    if (this.batch !== undefined && this.batch.bytes + bytes > options.writeBufferSize)
      this.flush();
    if (this.batch === undefined) this.#backlog = this.#transport.waitingBytes;
    const waiting = this.#backlog + (this.batch?.bytes ?? 0);
    // One message may always wait, or none larger than the limit could ever be sent.
    const fits = waiting === 0 || waiting + bytes <= maxQueuedBytes;
    if (fits && this.#slow?.isKeeping !== true) return true;
    this.#overflow(waiting, frame, room, plain);
    return false;
  }

  /** Writes what this tick has for it. */
  flush(): void {
    const { batch } = this;
    if (batch === undefined || this.#isOpening) return;
    this.batch = undefined;
    this.#transport.write(batch.joined);
    this.#slow?.watch();
    if (this.#endsAfterFlush) this.#transport.end();
  }

  #overflow(waiting: number, frame: Buffer, room: string, plain: Buffer): void {
    if (!this.isOpen) return; // who has left has been told
    this.#slow ??= SlowConsumer.begin(this, this.#transport, waiting, frame.length);
    if (this.#slow.refuse(frame, room, plain)) return;
    this.disconnect(CLOSE_CODES.TRY_AGAIN_LATER, 'slow consumer');
    this.#end();
  }

  /** It is behind no more. */
  caughtUp(): void {
    this.#slow = undefined;
  }

  /** The handlers are about to be told of it: messages may reach it from here on. */
  enter(): void {
    if (this.isOpen) this.home.enter(this);
  }

  join(room: string): void {
    if (this.isOpen) this.home.join(this, room);
  }

  leave(room: string): void {
    this.home.leave(this, room);
  }

  // ── closing (RFC 6455 section 7) ───────────────────────────────────────────────────────────

  /** Starts the closing handshake, behind what has been sent already. */
  disconnect(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.#slow?.sendKept();
    this.server.fanOut.send(this, buildCloseFrame(code, reason));
    this.#conclude({ code, reason });
  }

  /** The handlers know that the client has ended it: it is answered behind what they have sent. */
  concluded(): void {
    if (this.#closeFrame === undefined) return; // the server has ended it
    this.server.fanOut.send(this, this.#closeFrame);
    this.#closeFrame = undefined;
    this.#end();
  }

  /** Ends at once, without a closing handshake. */
  terminate(error?: EngineError): void {
    if (error !== undefined && this.isOpen) this.server.dispatch.failed(this, error);
    this.#conclude({ code: CLOSE_CODES.ABNORMAL, reason: error?.message ?? '' });
    this.#transport.destroy();
  }

  socketEnded(): void {
    this.#conclude({ code: CLOSE_CODES.ABNORMAL, reason: '' });
    if (this.#closeFrame === undefined) this.#end();
  }

  socketClosed(): void {
    this.#conclude({ code: CLOSE_CODES.ABNORMAL, reason: '' });
    this.#state = 'closed';
    this.#reader.stop();
    this.server.forget(this);
  }

  #clientEnds(answer: number | undefined, reason: DisconnectReason, told = ''): void {
    if (this.isOpen) {
      this.#slow?.sendKept();
      this.#closeFrame = buildCloseFrame(answer, told);
      if (this.#conclude(reason)) this.concluded();
    } else this.#end(); // it has answered ours
  }

  /** For rooms and handlers it is over; false if handlers may have sent what is on its way yet. */
  #conclude(reason: DisconnectReason): boolean {
    if (!this.isOpen) return true;
    this.#state = 'closing';
    this.#closingAt = performance.now();
    this.#slow?.close();
    this.#slow = undefined;
    return this.server.conclude(this, reason);
  }

  #end(): void {
    if (this.batch === undefined) this.#transport.end();
    else this.#endsAfterFlush = true;
  }

  /** Does what is due by the time `now` (ms, monotonic): a ping, or the end of a dead connection. */
  sweep(now: number): void {
    if (this.#state === 'closing') {
      if (now - this.#closingAt <= this.server.options.closeTimeout) return;
      // Where closures are late it waits no more for them; what is cut is who does not answer.
      if (this.#closeFrame === undefined) this.#transport.destroy();
      else this.concluded();
      return;
    }
    if (this.#isHeld && !this.#isOpening) this.liveness.pong(now); // its pongs are not read
    const due = this.liveness.due(now);
    if (due === 'ping') this.server.fanOut.send(this, PING);
    else if (due !== undefined) this.terminate(due);
  }
}
