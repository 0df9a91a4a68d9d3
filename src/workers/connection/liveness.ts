import { EngineError } from '../../shared/api/errors.ts';
import { buildControlFrame, OPCODES } from '../../shared/codec/frame.ts';
import type { ShardServerOptions } from '../../shared/options/server-options.ts';
import type { Transport } from '../write/transport.ts';

/** The ping that a live client answers. */
export const PING = buildControlFrame(OPCODES.PING);

type LivenessLimits = Pick<ShardServerOptions, 'pingPeriod' | 'pongTimeout' | 'writeTimeout'>;

/** The signs that a connection's client still answers and reads. All times are ms, monotonic. */
export class Liveness {
  readonly #limits: LivenessLimits;
  readonly #transport: Transport;
  #sentBytes = 0;
  #sentAt: number;
  #pongAt: number;
  #pingAt: number;

  constructor(limits: LivenessLimits, transport: Transport, now: number) {
    this.#limits = limits;
    this.#transport = transport;
    this.#sentAt = now;
    this.#pongAt = now;
    this.#pingAt = now + limits.pingPeriod;
  }

  /** Bytes that wait because the client does not read. */
  get waitingBytes(): number {
    return this.#transport.waitingBytes;
  }

  /** Notes that the client has answered, or that its silence is not its fault. */
  pong(now = performance.now()): void {
    this.#pongAt = now;
  }

  /** Returns what is due by now: a ping, an error that ends the connection, or nothing. */
  due(now: number): EngineError | 'ping' | undefined {
    const { pingPeriod, pongTimeout, writeTimeout } = this.#limits;
    if (this.stalledFor(now) > writeTimeout) {
      const message = `no write made progress for writeTimeout (${writeTimeout} ms)`;
      return new EngineError('ERR_WRITE_TIMEOUT', message);
    }
    if (now - this.#pongAt > pongTimeout) {
      const message = `no pong within pongTimeout (${pongTimeout} ms)`;
      return new EngineError('ERR_PONG_TIMEOUT', message);
    }
    if (now < this.#pingAt) return undefined;
    // Behind bytes that wait a ping would say nothing: it stays due, and writeTimeout rules.
    if (this.waitingBytes > 0) {
      this.#pongAt = Math.max(this.#pongAt, now - pingPeriod);
      return undefined;
    }
    this.#pingAt = now + pingPeriod;
    return 'ping';
  }

  /** Returns the ms for which bytes have been waiting with none of them sent. */
  stalledFor(now: number): number {
    const { sentBytes } = this.#transport;
    if (this.waitingBytes === 0 || sentBytes !== this.#sentBytes) {
      this.#sentBytes = sentBytes;
      this.#sentAt = now;
    }
    return now - this.#sentAt;
  }
}
