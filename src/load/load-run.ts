import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../shared/api/errors.ts';
import { Latencies, type LatencySummary } from './latencies.ts';
import { LoadConnection } from './load-connection.ts';
import { openMany } from './opening.ts';
import type { LoadOptions } from './options.ts';
import { findStamp, microseconds, readStamp } from './stamp.ts';
import { Tally } from './tally.ts';
import { Template } from './template.ts';

const UNDER_WAY = 256;
const TICK_MS = 5;
const MAX_BURST_MS = 50;
/** Bytes that may wait for a connection: with more it is passed over. */
const MAX_QUEUED_BYTES = 2 ** 20;
/** Milliseconds without a message after which none is on its way any more. */
const QUIET_MS = 500;
const MAX_DRAIN_MS = 5000;
const MAX_CLOSE_MS = 5000;

/** The result of a load; times in ms, but for `seconds`. */
export interface LoadResult {
  readonly url: string;
  readonly connections: {
    readonly asked: number;
    readonly opened: number;
    /** Reason → number of connections that could not be opened. */
    readonly failed: Readonly<Record<string, number>>;
    /** Reason → number of connections that ended before their time. */
    readonly lost: Readonly<Record<string, number>>;
    readonly openingMs: LatencySummary | undefined;
  };
  /** Seconds of sending. */
  readonly seconds: number;
  readonly sent: number;
  /** Messages that were due, but the connections or this machine did not keep up. */
  readonly unsent: number;
  /** Messages that came, those of other senders too. */
  readonly received: number;
  readonly sentPerSecond: number;
  readonly receivedPerSecond: number;
  /**
   * Time from the sending of a message to its receipt, at each receiver. It begins when the message
   * was due, where that was sent more than 10 ms late.
   */
  readonly latencyMs: LatencySummary | undefined;
}

/** The progress of a load. */
export interface LoadState {
  readonly phase: 'opening' | 'sending' | 'closing';
  readonly open: number;
  readonly failed: number;
  readonly lost: number;
  readonly sent: number;
  readonly received: number;
  readonly latencyMs: LatencySummary | undefined;
}

/** One load: opens, sends, waits for messages on their way, closes. */
export class LoadRun {
  readonly #options: LoadOptions;
  readonly #template: Template;
  readonly #stop: AbortSignal;
  readonly #failed = new Tally();
  readonly #lost = new Tally();
  readonly #latencies = new Latencies();
  readonly #opening = new Latencies();
  readonly #connecting = new Set<LoadConnection>();
  readonly #open: LoadConnection[] = [];
  #phase: LoadState['phase'] = 'opening';
  #sent = 0;
  #unsent = 0;
  #received = 0;
  #seconds = 0;
  #next = 0;

  /**
   * @param stop ends it early
   * @throws EngineError ERR_EVENT_NAME
   */
  constructor(options: LoadOptions, stop: AbortSignal) {
    this.#options = options;
    this.#template = new Template(options);
    this.#stop = stop;
  }

  get state(): LoadState {
    return {
      phase: this.#phase,
      open: this.#open.length - this.#lost.total,
      failed: this.#failed.total,
      lost: this.#lost.total,
      sent: this.#sent,
      received: this.#received,
      latencyMs: this.#latencies.summary(),
    };
  }

  /** Runs it, to the end or until it is stopped. */
  async run(): Promise<LoadResult> {
    const { connections, ramp } = this.#options;
    const pace = { underWay: UNDER_WAY, perSecond: ramp };
    this.#stop.addEventListener('abort', () => {
      for (const connection of this.#connecting) connection.destroy();
    });
    await openMany(connections, pace, (index) => this.#openOne(index), this.#stop);
    this.#phase = 'sending';
    if (this.#open.length > 0) await this.#send();
    this.#phase = 'closing';
    await this.#drain();
    await this.#close();
    return this.#result();
  }

  async #openOne(index: number): Promise<void> {
    const began = microseconds();
    const connection = new LoadConnection(this.#options.target, index, {
      onMessage: (_, bytes, start, end) => this.#onMessage(bytes, start, end),
      onLost: (_, reason) => this.#lost.add(reason),
    });
    this.#connecting.add(connection);
    try {
      this.#open.push(await connection.opened);
      this.#opening.record(microseconds() - began);
    } catch (error) {
      if (!this.#stop.aborted) this.#failed.add(messageOf(error));
    } finally {
      this.#connecting.delete(connection);
    }
  }

  #onMessage(bytes: Buffer, start: number, end: number): void {
    this.#received += 1;
    const stamp = findStamp(bytes, start, end);
    if (stamp < 0) return;
    // Another load may be on the same server, with a clock of its own.
    const time = microseconds() - readStamp(bytes, stamp);
    if (time >= 0) this.#latencies.record(time);
  }

  /** Sends what is due, tick by tick. */
  async #send(): Promise<void> {
    const { rate, duration } = this.#options;
    const began = performance.now();
    const end = began + duration * 1000;
    const total = Math.floor(rate * duration);
    let done = 0;
    const sendDue = (due: number, enough: number) => {
      for (; done < due && performance.now() < enough; done++) {
        this.#sendOne(began + (done * 1000) / rate);
      }
    };
    for (let now = began; now < end && !this.#stop.aborted; now = performance.now()) {
      const due = Math.min(total, Math.floor(((now - began) * rate) / 1000) + 1);
      sendDue(due, now + MAX_BURST_MS); // no longer: messages must be read in time too
      await this.#wait(Math.min(TICK_MS, end - now));
    }
    // The last ones fell due while it waited.
    if (!this.#stop.aborted) sendDue(total, end + MAX_BURST_MS);
    this.#seconds = (performance.now() - began) / 1000;
    if (!this.#stop.aborted) this.#unsent += total - done;
  }

  /** @param planned when it was due: a late load must not hide the lateness of messages */
  #sendOne(planned: number): void {
    const connection = this.#nextOpen();
    if (connection === undefined) {
      this.#unsent += 1;
      return;
    }
    const now = performance.now();
    const due = now - planned > 2 * TICK_MS ? planned : now;
    connection.send(this.#template.stamped(Math.floor(due * 1000)));
    this.#sent += 1;
  }

  #nextOpen(): LoadConnection | undefined {
    for (let tried = 0; tried < this.#open.length; tried++) {
      const connection = this.#open[this.#next++ % this.#open.length];
      if (connection?.isOpen && connection.queuedBytes < MAX_QUEUED_BYTES) return connection;
    }
    return undefined;
  }

  async #drain(): Promise<void> {
    const end = performance.now() + MAX_DRAIN_MS;
    for (let before = -1; before !== this.#received && performance.now() < end; ) {
      if (this.#stop.aborted || this.#sent === 0) return;
      before = this.#received;
      await this.#wait(QUIET_MS);
    }
  }

  /** Waits, or until it is stopped. */
  async #wait(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stop }).catch(() => {});
  }

  async #close(): Promise<void> {
    const timer = setTimeout(() => {
      for (const connection of this.#open) connection.destroy();
    }, MAX_CLOSE_MS);
    await Promise.all(this.#open.map((connection) => connection.close()));
    clearTimeout(timer);
  }

  #result(): LoadResult {
    const seconds = this.#seconds;
    const perSecond = (count: number) => (seconds === 0 ? 0 : count / seconds);
    return {
      url: this.#options.url,
      connections: {
        asked: this.#options.connections,
        opened: this.#open.length,
        failed: this.#failed.toJSON(),
        lost: this.#lost.toJSON(),
        openingMs: this.#opening.summary(),
      },
      seconds,
      sent: this.#sent,
      unsent: this.#unsent,
      received: this.#received,
      sentPerSecond: perSecond(this.#sent),
      receivedPerSecond: perSecond(this.#received),
      latencyMs: this.#latencies.summary(),
    };
  }
}
