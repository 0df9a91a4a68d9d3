import {
  createHistogram,
  type EventLoopUtilization,
  monitorEventLoopDelay,
  performance,
  type RecordableHistogram,
} from 'node:perf_hooks';
import { EngineError } from '../api/errors.ts';
import type { MailboxStats, ThreadStats } from '../api/stats.ts';
import { FIRST_EMITTER } from '../messages/control-messages.ts';
import type { RecordView } from '../messages/record-view.ts';
import { encodeRecord, RecordKind } from '../messages/records.ts';
import type { Mailbox } from '../ring/mailbox.ts';
import type { TickLoop } from '../ring/tick-loop.ts';
import { NO_TIMES, RecentHistogram } from './recent-histogram.ts';

/** Milliseconds between two looks at whether the event loop is late. */
const RESOLUTION = 50;

/** Samples after which the older half of all values is forgotten. */
const SAMPLES_PER_TURN = 30;

/**
 * The load of one thread, and its lag behind its mailbox. The lag is sampled: now and then each
 * thread sends its peers a probe, which says when it was sent. So no other record has to.
 */
export class ThreadLoad {
  readonly #mailbox: Mailbox;
  readonly #ticks: TickLoop;
  readonly #interval: number;
  readonly #lag = new RecentHistogram<RecordableHistogram>(createHistogram);
  /** Made at the start: they are handles of Node.js. */
  #delay: RecentHistogram<ReturnType<typeof monitorEventLoopDelay>> | undefined;
  #busySince: [older: EventLoopUtilization, younger: EventLoopUtilization] = nowTwice();
  #timer: NodeJS.Timeout | undefined;
  #samples = 0;

  /** @param interval milliseconds between two samples; 0 = nothing is sampled */
  constructor(mailbox: Mailbox, ticks: TickLoop, interval: number) {
    this.#mailbox = mailbox;
    this.#ticks = ticks;
    this.#interval = interval;
  }

  /** Begins to sample; keeps no thread alive. */
  start(): void {
    if (this.#interval === 0) return;
    this.#busySince = nowTwice();
    this.#delay = new RecentHistogram(() => monitorEventLoopDelay({ resolution: RESOLUTION }));
    for (const histogram of this.#delay.both) histogram.enable();
    this.#timer = setInterval(() => this.#sample(), this.#interval);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const histogram of this.#delay?.both ?? []) histogram.disable();
  }

  /** Takes a probe. */
  receive({ sentAt }: RecordView): void {
    const lag = process.hrtime.bigint() - sentAt;
    for (const histogram of this.#lag.both) histogram.record(lag > 0n ? lag : 1n);
  }

  stats(): ThreadStats {
    const { utilization } = performance.eventLoopUtilization(this.#busySince[0]);
    return {
      mailbox: this.#mailboxStats(),
      eventLoop: { utilization, delay: this.#delay?.times(RESOLUTION) ?? NO_TIMES },
    };
  }

  #mailboxStats(): MailboxStats {
    let [unreadBytes, fill, outboxBytes] = [0, 0, 0];
    for (const peer of this.#mailbox.peers) {
      unreadBytes += peer.unreadBytes;
      fill = Math.max(fill, peer.unreadBytes / peer.ringBytes);
      outboxBytes += peer.queuedBytes;
    }
    return { unreadBytes, fill, outboxBytes, lag: this.#lag.times() };
  }

  #sample(): void {
    for (const { id } of this.#mailbox.peers) if (id < FIRST_EMITTER) this.#probe(id);
    this.#samples += 1;
    if (this.#samples % SAMPLES_PER_TURN > 0) return;
    this.#lag.rotate();
    this.#delay?.rotate();
    this.#busySince = [this.#busySince[1], performance.eventLoopUtilization()];
  }

  /** Sends a probe the way of all records, so that it is late where they are. */
  #probe(peer: number): void {
    try {
      this.#ticks.send([{ peers: [peer], record: encodeProbe(process.hrtime.bigint()) }]);
    } catch (error) {
      // The outbox is full: that a peer lags is known then.
      if (!(error instanceof EngineError && error.code === 'ERR_OUTBOX_FULL')) throw error;
    }
  }
}

/** @param sentAt nanoseconds, of the clock that all threads of a process share */
function encodeProbe(sentAt: bigint): Buffer {
  const body = Buffer.alloc(8);
  body.writeBigInt64LE(sentAt);
  return encodeRecord({ kind: RecordKind.PROBE, server: 0 }, body);
}

function nowTwice(): [EventLoopUtilization, EventLoopUtilization] {
  const now = performance.eventLoopUtilization();
  return [now, now];
}
