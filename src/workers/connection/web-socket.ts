import type { EngineError } from '../../shared/api/errors.ts';
import type { DisconnectReason } from '../../shared/api/public-types.ts';
import { type RefusalTerms, refusalBytes, withHeaders } from '../../shared/api/refusal.ts';
import type { AppConnection } from '../../shared/app/app-connection.ts';
import { type Codec, impliesAnswers, type Message } from '../../shared/codec/codec.ts';
import { buildFrame, CLOSE_CODES } from '../../shared/codec/frame.ts';
import type { Upgrade } from '../../shared/messages/control-messages.ts';
import { UpgradeIdentity } from '../adopt/upgrade-identity.ts';
import type { Batch } from '../deliver/fan-out.ts';
import type { Member } from '../deliver/rooms.ts';
import { publishClosed } from '../shard/diagnostics.ts';
import type { Transport, TransportOwner } from '../write/transport.ts';
import { Closing } from './closing.ts';
import { Incoming } from './incoming.ts';
import { LateFrames } from './late-frames.ts';
import { Liveness } from './liveness.ts';
import { SlowConsumer } from './slow-consumer.ts';
import type { Home, LateKind, ShardSocket, SocketContext } from './socket-context.ts';
import { sweep } from './sweep.ts';

/** Bytes from which on nothing more is held for an opening, unless `maxBufferedBytes` is larger. */
const MAX_OPENING_BYTES = 64 * 2 ** 20;

/** Rooms that are left at once, however many clients go. */
const FEW_ROOMS = 32;

/** One connection: its place in rooms, the frames it is sent and their limit, its parts. */
export class ServerWebSocket implements Member, ShardSocket, TransportOwner {
  readonly server: SocketContext;
  readonly number: number;
  readonly id: string;
  readonly identity: UpgradeIdentity;
  readonly codec: Codec;
  readonly answersAsks: boolean;
  /** The window that messages to it are compressed with, 9 to 15; 0 = they are not. */
  readonly deflateBits: number;
  /** The rooms of the server here that it can be in: those of its codec. */
  readonly home: Home;
  readonly liveness: Liveness;
  rooms: Set<string> | undefined;
  /** The app's view of it, where the handlers run in this thread. */
  app: AppConnection | undefined;
  /** The frames that this tick has for it; the fan-out's. */
  batch: Batch | undefined;
  /** Whether the fan-out will flush it at the end of this tick; the fan-out's. */
  awaitsFlush = false;
  heardIn = 0;
  sentIn = 0;
  sentInRound = 0;

  readonly #transport: Transport;
  readonly #closing: Closing;
  readonly #incoming: Incoming;
  /** Whether an end of it waits, or has waited, for its turn. */
  #isParting = false;
  /** Set while it is behind. */
  #slow: SlowConsumer | undefined;
  /** Set when a frame that has to find room has found none. */
  #late: LateFrames | undefined;
  /** Bytes that waited for the client when this tick's first frame came. */
  #backlog = 0;
  /** The first bytes of all: they were held for the opening, until they have gone. */
  #heldBytes = 0;

  constructor(server: SocketContext, transport: Transport, upgrade: Upgrade, now: number) {
    this.server = server;
    this.number = upgrade.connection;
    this.id = upgrade.id;
    this.identity = new UpgradeIdentity(upgrade);
    this.answersAsks = impliesAnswers(upgrade.protocol);
    this.codec = server.codecs[upgrade.codec] as Codec;
    this.home = server.rooms[upgrade.codec] as Home;
    this.#transport = transport;
    this.#closing = new Closing(this, transport, now);
    transport.owner = this;
    this.deflateBits = upgrade.deflate ? (upgrade.deflate.serverMaxWindowBits ?? 15) : 0;
    this.liveness = new Liveness(server.options, transport, now);
    this.#incoming = new Incoming(this, transport, this.#closing, now);
  }

  get shard(): number {
    return this.server.shard.number;
  }
  get isOpen(): boolean {
    return this.#closing.isOpen;
  }

  read(chunk: Buffer): void {
    this.#incoming.read(chunk);
  }

  open(): void {
    if (this.#closing.isOpening) this.#heldBytes = this.batch?.bytes ?? 0;
    this.#closing.opened();
    this.flush();
    this.release();
  }

  refuse(refusal: RefusalTerms): void {
    if (!this.#closing.isOpening) return;
    this.batch = undefined; // with the 101
    const { headers } = this.server.options;
    this.#transport.write(refusalBytes(withHeaders(refusal, headers)));
    this.#incoming.stop();
    this.#closing.refused(`refused with ${refusal.status}`);
    this.#transport.resume(); // to notice the client's end
  }

  hold(): void {
    this.#incoming.hold();
  }

  release(): void {
    this.#incoming.release();
  }

  // ── sending ────────────────────────────────────────────────────────────────────────────────

  send(message: Message): void {
    const { counters } = this.server;
    counters.emitted += 1;
    if (this.isOpen || this.#closing.owesAnswers) this.sendFrame(buildFrame(message));
    else counters.droppedClosed += 1;
  }

  sendFrame(frame: Buffer): void {
    const { counters, deflater } = this.server;
    const { isOpen } = this;
    const bytes = deflater?.formFor(this.deflateBits, frame) ?? frame;
    if (this.admits(bytes, this.id, frame)) {
      counters.delivered += 1;
      this.queue(bytes);
    } else if (!isOpen) {
      counters.droppedClosed += 1;
    }
  }

  sendProbeAnswer(message: Message): void {
    this.server.counters.emitted += 1;
    this.sendNewest('probe', buildFrame(message));
  }

  sendNewest(kind: LateKind, frame: Buffer): void {
    const { counters } = this.server;
    if (this.isOpen && (this.#late?.isKeeping || !this.#fits(frame.length))) {
      this.#late ??= new LateFrames(this, this.#transport);
      const isBorne = this.#late.keep(kind, frame);
      if (isBorne || this.server.options.slowConsumer !== 'close') return;
      this.#fallBehind(frame.length);
      this.#closeSlow();
    } else if (this.#closing.takesFrames) {
      if (kind === 'probe') counters.delivered += 1;
      this.queue(frame);
    } else if (kind === 'probe') counters.droppedClosed += 1;
  }

  queue(frame: Buffer): void {
    this.server.fanOut.send(this, frame);
  }

  /**
   * Returns whether a frame may be sent to it now; else `slowConsumer` rules what becomes of it.
   * @param room the room whose members it is for: '' = everyone
   * @param plain the frame as it was before anything was done to it
   */
  admits(frame: Buffer, room: string, plain = frame): boolean {
    if (!this.#closing.takesFrames) return false;
    if (this.#fits(frame.length) && this.#slow?.isKeeping !== true) return true;
    // Handlers that know of its end are not told that it is behind as well.
    if (this.isOpen) this.#overflow(frame, room, plain);
    return false;
  }

  #fits(bytes: number): boolean {
    const { maxQueuedBytes, options } = this.server;
    if (this.#closing.isOpening) {
      // All of it waits for our handlers: it says nothing of the client.
      return this.#queuedBytes <= Math.max(MAX_OPENING_BYTES, maxQueuedBytes);
    }
    if (this.batch !== undefined && this.batch.bytes + bytes > options.writeBufferSize) {
      this.flush();
    }
    let waiting = 0;
    if (this.batch === undefined) {
      waiting = this.#heldBytes === 0 ? this.#transport.waitingBytes : this.#waitingBytes;
      this.#backlog = waiting;
    } else waiting = this.#backlog + this.batch.bytes;
    // One message may always wait, or none larger than the limit could ever be sent.
    return waiting === 0 || waiting + bytes <= maxQueuedBytes;
  }

  get #queuedBytes(): number {
    return this.#backlog + (this.batch?.bytes ?? 0);
  }

  /** Bytes that wait because the client does not read; those held for the opening are not. */
  get #waitingBytes(): number {
    const { waitingBytes, sentBytes } = this.#transport;
    const held = Math.max(0, this.#heldBytes - sentBytes);
    if (held === 0) this.#heldBytes = 0;
    return waitingBytes - held;
  }

  #overflow(frame: Buffer, room: string, plain: Buffer): void {
    if (!this.#fallBehind(frame.length).refuse(frame, room, plain)) this.#closeSlow();
  }

  #fallBehind(bytes: number): SlowConsumer {
    if (this.#slow !== undefined) return this.#slow;
    this.#slow = new SlowConsumer(this, this.#transport, () => {
      this.#slow = undefined;
    });
    const limit = this.#closing.isOpening
      ? `the ${MAX_OPENING_BYTES} that may wait for its onConnection`
      : `maxBufferedBytes (${this.server.options.maxBufferedBytes})`;
    this.#slow.begin(this.#queuedBytes, bytes, limit);
    return this.#slow;
  }

  #closeSlow(): void {
    this.disconnect(CLOSE_CODES.TRY_AGAIN_LATER, 'slow consumer');
    this.#closing.end(); // one that does not read does not answer
  }

  /** Writes its batch. */
  flush(): void {
    const { batch } = this;
    if (batch === undefined || this.#closing.isOpening) return;
    this.batch = undefined;
    this.#transport.write(batch.joined);
    this.#late?.watch();
    this.#slow?.watch();
    if (this.#closing.isEnding) this.#transport.end();
  }

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

  /** Starts the closing handshake, behind all frames that have been sent. */
  disconnect(code: number, reason: string, owesAnswers = false): void {
    this.#closing.disconnect(code, reason, owesAnswers);
  }

  /** Answers the client's Close: the handlers know of it, and their last frames are queued. */
  concluded(): void {
    this.#closing.concluded();
  }

  /** Ends at once, without a closing handshake. */
  terminate(error?: EngineError): void {
    const isNews = this.isOpen && !this.#isParting;
    if (error !== undefined && isNews) this.server.dispatch.failed(this, error);
    this.part(() => this.#closing.terminate(error));
  }

  socketEnded(): void {
    this.part(() => this.#closing.socketEnded());
  }

  socketClosed(): void {
    this.#incoming.stop();
    this.part(() => {
      this.#closing.socketClosed();
      this.server.forget(this.number);
    });
  }

  part(end: () => void): void {
    // Behind an end that waits, all further ones do.
    this.#isParting ||= (this.rooms?.size ?? 0) > FEW_ROOMS;
    if (this.#isParting) this.server.shard.partings.add(end);
    else end();
  }

  sendKept(): void {
    this.#late?.send();
    this.#slow?.sendKept();
  }

  conclude(reason: DisconnectReason): boolean {
    this.#late?.close();
    this.#slow?.close();
    this.#slow = undefined;
    this.home.leaveAll(this);
    publishClosed(this, reason);
    return this.server.dispatch.disconnected(this, reason);
  }

  /**
   * Pings the client, or ends a dead connection, when that is due.
   * @param now ms, monotonic
   * @param isLate whether nobody has looked for so long that all waits begin anew
   */
  sweep(now: number, isLate = false): void {
    sweep(this, this.#closing, this.#incoming.isHeld, now, isLate);
  }
}
