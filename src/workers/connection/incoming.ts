import type { EngineError } from '../../shared/api/errors.ts';
import { buildControlFrame, CLOSE_CODES, OPCODES } from '../../shared/codec/frame.ts';
import { FrameReader, type FrameSink } from '../read/frame-reader.ts';
import { RateLimiter, type Verdict } from '../read/rate-limiter.ts';
import type { Reading } from '../read/read-turns.ts';
import type { Transport } from '../write/transport.ts';
import type { Closing } from './closing.ts';
import type { ShardSocket } from './socket-context.ts';

/** Bytes of a message, or a part of one, from which on a frame may well take a ms. */
const COSTLY_BYTES = 16 * 2 ** 10;

/**
 * The reading side of a connection: frames of the client become messages, pongs and an end, as far
 * as the server's `rateLimit` admits them.
 */
export class Incoming implements FrameSink, Reading {
  readonly #socket: ShardSocket;
  readonly #transport: Transport;
  readonly #closing: Closing;
  readonly #reader: FrameReader;
  readonly #limiter: RateLimiter | undefined;
  /** Whether the message that is read is compressed and has been counted, but for its bytes. */
  #isCounted = false;
  /** Those who want nothing to be read: the opening, the primary's backlog, busy handlers. */
  #holders = 1;
  /** Whether it has had its share of a turn, and waits for the next one. */
  #isWaiting = false;
  /** The turn in which it was read last, and the frames that may still be read in that. */
  #turn = 0;
  #framesLeft = 0;
  /** Whether its last message was large, or the one that comes is. */
  #isCostly = false;

  /** It is held until its first release. @param now ms, monotonic */
  constructor(socket: ShardSocket, transport: Transport, closing: Closing, now: number) {
    this.#socket = socket;
    this.#transport = transport;
    this.#closing = closing;
    const { options } = socket.server;
    this.#limiter = options.rateLimit && new RateLimiter(options.rateLimit, now);
    this.#reader = new FrameReader(options, this, socket.deflateBits > 0);
    this.#limiter?.held(now);
    this.#reader.pause();
  }

  /** Whether nothing is read at the moment, for the sake of handlers or of other clients. */
  get isHeld(): boolean {
    return this.#holders > 0 || this.#isWaiting;
  }

  /** @param chunk only valid during the call */
  read(chunk: Buffer): void {
    const { counters, shard } = this.#socket.server;
    counters.receivedBytes += chunk.length;
    shard.coalescing.heard(this.#socket);
    this.#socket.liveness.heard();
    if (chunk.length >= COSTLY_BYTES) this.#isCostly = true; // the message of it may end in it
    if (this.#turn !== shard.reads.turn) this.#beginShare();
    this.#reader.read(chunk);
  }

  /** Ends the share of this turn where it is used up: the rest of the bytes waits. */
  onFrame(): boolean {
    const { reads } = this.#socket.server.shard;
    this.#framesLeft -= 1;
    if (this.#framesLeft >= 0 && reads.frame()) return true;
    this.#isWaiting = true;
    this.#pause();
    reads.wait(this);
    return false;
  }

  readOn(): void {
    this.#isWaiting = false;
    if (this.#holders > 0) return;
    this.#resumeReader();
    // Behind it: most of those who wait once have to wait again.
    if (!this.isHeld) this.#transport.resume();
  }

  hold(): void {
    this.#holders += 1;
    if (this.#holders === 1) this.#pause();
  }

  release(): void {
    this.#holders -= 1;
    if (this.isHeld) return;
    // Before the reader, which may well hold again.
    this.#transport.resume();
    this.#resumeReader();
  }

  /** Ends reading for good. */
  stop(): void {
    this.#reader.stop();
    this.#socket.server.shard.reads.forget(this);
  }

  #pause(): void {
    this.#limiter?.held(performance.now());
    this.#reader.pause();
    this.#transport.pause();
  }

  #resumeReader(): void {
    this.#limiter?.released(performance.now());
    this.#beginShare();
    this.#reader.resume();
  }

  #beginShare(): void {
    const { reads } = this.#socket.server.shard;
    this.#turn = reads.turn;
    this.#framesLeft = reads.begin(this.#isCostly);
  }

  /** Counts a compressed message before it is inflated: that costs more than its refusal. */
  onCompressed(): boolean {
    if (this.#limiter === undefined) return true;
    if (!this.#socket.isOpen) return false;
    this.#isCounted = this.#settle(this.#limiter.takeMessage(performance.now()));
    return this.#isCounted;
  }

  onMessage(data: Buffer, isBinary: boolean): void {
    const isCounted = this.#isCounted;
    this.#isCounted = false;
    this.#isCostly = data.length >= COSTLY_BYTES;
    if (!this.#admits(data, isCounted)) return;
    const { counters, dispatch } = this.#socket.server;
    counters.received += 1;
    dispatch.message(this.#socket, data, isBinary);
  }

  onPing(data: Buffer): void {
    if (!this.#admits(data)) return;
    this.#socket.sendNewest('pong', buildControlFrame(OPCODES.PONG, data));
    this.#socket.server.dispatch.control(this.#socket, 'ping', data);
  }

  onPong(data: Buffer): void {
    this.#socket.liveness.pong(); // the client lives, however much it says
    if (this.#admits(data)) this.#socket.server.dispatch.control(this.#socket, 'pong', data);
  }

  onClose(code: number, reason: string): void {
    const answer = code === CLOSE_CODES.NO_STATUS ? undefined : code;
    this.#socket.part(() => this.#closing.clientEnds(answer, { code, reason }));
  }

  onViolation(error: EngineError): void {
    const code = error.closeCode ?? CLOSE_CODES.ABNORMAL;
    if (this.#socket.isOpen) this.#failed(error);
    this.#reader.stop();
    // Codes from 1008 on are of limits: the client may know which one it has passed.
    const told = code < CLOSE_CODES.POLICY_VIOLATION ? '' : error.message;
    this.#socket.part(() => this.#closing.clientEnds(code, { code, reason: error.message }, told));
  }

  /** Returns whether handlers get this data of the client; refuses what is above the rate limit. */
  #admits({ length }: Buffer, isCounted = false): boolean {
    if (!this.#socket.isOpen) return false;
    const limiter = this.#limiter;
    if (limiter === undefined) return true;
    const now = performance.now();
    return this.#settle(isCounted ? limiter.takeBytes(length, now) : limiter.take(length, now));
  }

  #settle(excess: Verdict): boolean {
    if (excess === undefined || excess === 'again') return excess === undefined;
    if (excess.closeCode === undefined) this.#failed(excess);
    else this.onViolation(excess);
    return false;
  }

  #failed(error: EngineError): void {
    this.#socket.server.dispatch.failed(this.#socket, error);
  }
}
