import type { EngineError } from '../../shared/api/errors.ts';
import { buildControlFrame, CLOSE_CODES, OPCODES } from '../../shared/codec/frame.ts';
import type { Receiver } from '../deliver/fan-out.ts';
import { FrameReader } from '../read/frame-reader.ts';
import { type LimitedSink, RateLimitedSink } from '../read/rate-limited-sink.ts';
import type { Talker } from '../shard/coalescing.ts';
import type { Transport } from '../write/transport.ts';
import type { Closing } from './closing.ts';
import type { DispatchSocket } from './dispatch.ts';
import type { Liveness } from './liveness.ts';
import type { SocketContext } from './socket-context.ts';

/** A connection as its reading side needs it. */
export interface ReadSocket extends DispatchSocket, Receiver, Talker {
  readonly server: SocketContext;
  readonly liveness: Liveness;
}

/** The reading side of a connection: frames of the client become messages, pongs and an end. */
export class Incoming implements LimitedSink {
  readonly #socket: ReadSocket;
  readonly #transport: Transport;
  readonly #closing: Closing;
  readonly #reader: FrameReader;
  readonly #rate: RateLimitedSink | undefined;
  #isHeld = false;

  /** @param now ms, monotonic */
  constructor(socket: ReadSocket, transport: Transport, closing: Closing, now: number) {
    this.#socket = socket;
    this.#transport = transport;
    this.#closing = closing;
    const { options } = socket.server;
    this.#rate = RateLimitedSink.of(this, options.rateLimit, now);
    this.#reader = new FrameReader(options, this.#rate ?? this, socket.deflateBits > 0);
  }

  get isOpen(): boolean {
    return this.#closing.isOpen;
  }

  /** Whether nothing is read, for the handlers' sake. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** @param chunk only valid during the call */
  read(chunk: Buffer): void {
    const { counters, shard } = this.#socket.server;
    counters.receivedBytes += chunk.length;
    shard.coalescing.heard(this.#socket);
    this.#reader.read(chunk);
  }

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

  /** Ends reading for good. */
  stop(): void {
    this.#reader.stop();
  }

  onMessage(data: Buffer, isBinary: boolean): void {
    if (!this.isOpen) return;
    const { counters, dispatch } = this.#socket.server;
    counters.received += 1;
    dispatch.message(this.#socket, data, isBinary);
  }

  onPing(data: Buffer): void {
    if (!this.isOpen) return;
    const { dispatch, fanOut } = this.#socket.server;
    const pong = buildControlFrame(OPCODES.PONG, data);
    if (this.#socket.admits(pong, '')) fanOut.send(this.#socket, pong);
    dispatch.control(this.#socket, 'ping', data);
  }

  onPong(data: Buffer): void {
    this.heardPong();
    if (this.isOpen) this.#socket.server.dispatch.control(this.#socket, 'pong', data);
  }

  heardPong(): void {
    this.#socket.liveness.pong();
  }

  onClose(code: number, reason: string): void {
    const answer = code === CLOSE_CODES.NO_STATUS ? undefined : code;
    this.#closing.clientEnds(answer, { code, reason });
  }

  onViolation(error: EngineError): void {
    const code = error.closeCode ?? CLOSE_CODES.ABNORMAL;
    if (this.isOpen) this.failed(error);
    this.#reader.stop();
    // Codes from 1008 on are of limits: the client may know which one it has passed.
    const told = code < CLOSE_CODES.POLICY_VIOLATION ? '' : error.message;
    this.#closing.clientEnds(code, { code, reason: error.message }, told);
  }

  failed(error: EngineError): void {
    this.#socket.server.dispatch.failed(this.#socket, error);
  }
}
