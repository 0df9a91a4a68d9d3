import { EngineError } from '../../shared/api/errors.ts';
import { buildControlFrame, OPCODES } from '../../shared/codec/frame.ts';
import type { ShardServerOptions } from '../../shared/options/server-options.ts';
import type { Transport } from '../write/transport.ts';

/** The ping that a live client answers. */
export const PING = buildControlFrame(OPCODES.PING);

/**
 * Bytes in a second that a client reads at least. Before it comes to a ping it has to read all that
 * the kernel and the network hold.
 */
const SLOWEST_READER = 64 * 2 ** 10;

/** Bytes that they hold at most, about: the largest send buffer of a socket of Linux. */
const MAX_HELD_BYTES = 4 * 2 ** 20;

type LivenessLimits = Pick<ShardServerOptions, 'pingPeriod' | 'pongTimeout' | 'writeTimeout'>;

/**
 * The signs that a connection's client still answers and reads. Any byte that it sends is one, and
 * any byte that moves of those that wait for it. All times are ms, monotonic.
 */
export class Liveness {
  readonly #limits: LivenessLimits;
  readonly #transport: Transport;
  /** Bytes that the kernel had taken at the last look, and the time when it last took some. */
  #takenBytes = 0;
  #takenAt: number;
  /** The time of the last sign of life. */
  #aliveAt: number;
  #hasHeard = false;
  #arrivedBytes: number;
  /** The time when the next ping is due. */
  #pingAt: number;
  /** The time of the first ping since the last sign of life; undefined = there was none. */
  #askedAt: number | undefined;
  /** Bytes that had been sent ahead of the last ping, and bytes that the client has read for sure. */
  #bytesAhead = 0;
  #readBytes = 0;

  constructor(limits: LivenessLimits, transport: Transport, now: number) {
    this.#limits = limits;
    this.#transport = transport;
    this.#arrivedBytes = transport.arrivedBytes;
    this.#takenAt = now;
    this.#aliveAt = now;
    this.#pingAt = now + limits.pingPeriod;
  }

  /** Bytes that wait because the client does not read. */
  get waitingBytes(): number {
    return this.#transport.waitingBytes;
  }

  /** Notes that bytes of the client have come. The time is that of the next look. */
  heard(): void {
    this.#hasHeard = true;
  }

  /** Notes that the client has answered: it has read all that went ahead of the ping. */
  pong(now = performance.now()): void {
    this.#readBytes = this.#bytesAhead;
    this.excuse(now);
  }

  /** Notes that the client is alive, or that its silence is not its fault. */
  excuse(now: number): void {
    this.#aliveAt = now;
    this.#askedAt = undefined;
    this.#hasHeard = false;
  }

  /** Begins all waits anew: nobody has looked for long, and signs of life may lie unread. */
  giveTime(now: number): void {
    this.excuse(now);
    this.#takenAt = now;
  }

  /** Returns what is due by now: a ping, an error that ends the connection, or nothing. */
  due(now: number): EngineError | 'ping' | undefined {
    const { pingPeriod, pongTimeout, writeTimeout } = this.#limits;
    const { arrivedBytes } = this.#transport;
    if (this.#hasHeard || arrivedBytes !== this.#arrivedBytes) this.excuse(now);
    this.#arrivedBytes = arrivedBytes;
    if (this.stalledFor(now) > writeTimeout) {
      const message = `no waiting byte has moved for writeTimeout (${writeTimeout} ms)`;
      return new EngineError('ERR_WRITE_TIMEOUT', message);
    }
    // Behind bytes that wait a ping would say nothing: it stays due, and writeTimeout rules.
    if (this.waitingBytes > 0) {
      this.#aliveAt = Math.max(this.#aliveAt, now - pingPeriod);
      this.#askedAt = undefined;
      return undefined;
    }
    if (this.#askedAt !== undefined && this.#isOverdue(this.#askedAt, now)) {
      const message = `no pong, and no other byte, within pongTimeout (${pongTimeout} ms)`;
      return new EngineError('ERR_PONG_TIMEOUT', message);
    }
    if (now < this.#pingAt) return undefined;
    this.#pingAt = now + pingPeriod;
    this.#askedAt ??= now;
    this.#bytesAhead = this.#transport.sentBytes;
    return 'ping';
  }

  /** Returns the ms for which bytes have been waiting with none of them moved. */
  stalledFor(now: number): number {
    const { takenBytes } = this.#transport;
    if (this.waitingBytes === 0 || takenBytes !== this.#takenBytes) {
      this.#takenBytes = takenBytes;
      this.#takenAt = now;
    }
    return now - this.#takenAt;
  }

  /** Returns whether the client has had pongTimeout, and the time to read what went ahead. */
  #isOverdue(askedAt: number, now: number): boolean {
    const { pingPeriod, pongTimeout } = this.#limits;
    const held = Math.min(this.#bytesAhead - this.#readBytes, MAX_HELD_BYTES);
    const readingMs = (held / SLOWEST_READER) * 1000;
    const answersAt = Math.max(this.#aliveAt + pongTimeout, askedAt + pongTimeout - pingPeriod);
    return now > answersAt + readingMs;
  }
}
