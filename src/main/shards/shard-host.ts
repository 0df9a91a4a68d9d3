import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { FromShard, ShardStart, ToShard } from '../../shared/messages/control-messages.ts';
import {
  Handoff,
  type HandoffSchedule,
  packTls,
  packUpgrades,
  type TlsDeparture,
} from '../place/handoff.ts';
import type { Usable } from '../place/placement.ts';
import type { Watched } from './watchdog.ts';

/**
 * Starts a shard's task; the promise settles when the task has ended. Where the signal is aborted
 * it rejects, and the thread ends whatever it is doing.
 */
export type RunShard = (start: ShardStart, port: MessagePort, signal: AbortSignal) => Promise<void>;

/** What a shard says that is not for its host alone. */
export type ShardMessage = Exclude<FromShard, { type: 'alive' | 'flushed' }>;

/** One shard as the primary sees it: its task, its port, its connections. */
export class ShardHost implements Usable, Watched {
  readonly number: number;
  readonly doorbell: ShardStart['doorbell'];
  readonly interest: ShardStart['interest'];
  readonly counts: ShardStart['counts'];
  readonly handoff: Handoff;
  readonly tlsHandoff: Handoff<TlsDeparture>;
  readonly #port: MessagePort;
  readonly #onMessage: (message: ShardMessage) => void;
  readonly #cut = new AbortController();
  /** Milliseconds, monotonic. */
  readonly startedAt: number;
  /** Settles when the shard's task has ended; rejects where it died. */
  readonly finished: Promise<void>;
  connections = 0;
  /** TLS connections that it has, and that are no WebSockets, or not yet. */
  streams = 0;
  /** Whether something that it said has been heard. */
  isUp = false;
  /** Resolves when it is first heard; rejects where it died without a word. */
  readonly up: Promise<void>;
  readonly #cameUp = Promise.withResolvers<void>();
  #hasEnded = false;
  readonly unconnected = new Set<number>();
  /** Servers that it has been told of and does not have yet: their modules may be loading. */
  readonly loading = new Set<number>();
  /** How often it has been asked for a sign of life since it gave the last one. */
  unanswered = 0;
  /** Who waits for an answer to a `flush`, in the order of asking. */
  #flushing: (() => void)[] = [];

  constructor(
    run: RunShard,
    start: Omit<ShardStart, 'port'>,
    schedule: HandoffSchedule,
    onMessage: (message: ShardMessage) => void,
  ) {
    const { port1, port2 } = new MessageChannel();
    this.number = start.shard;
    this.doorbell = start.doorbell;
    this.interest = start.interest;
    this.counts = start.counts;
    this.#port = port1;
    this.#onMessage = onMessage;
    this.handoff = new Handoff(schedule, port1, packUpgrades);
    this.tlsHandoff = new Handoff(schedule, port1, packTls);
    this.startedAt = performance.now();
    this.up = this.#cameUp.promise;
    this.#port.on('message', (message: FromShard) => this.#receive(message));
    this.finished = this.#run(run, start, port2);
    this.finished.then(this.#cameUp.resolve, this.#cameUp.reject);
    this.up.catch(() => {}); // `finished` tells it too
  }

  /** All that there is of connections. */
  get load(): number {
    return this.connections + this.streams;
  }

  async #run(run: RunShard, start: Omit<ShardStart, 'port'>, port: MessagePort): Promise<void> {
    const { signal } = this.#cut;
    try {
      await run({ ...start, port }, port, signal);
    } catch (cause) {
      throw signal.aborted ? signal.reason : cause;
    } finally {
      // Who waits to move goes down with it, and is not told of when its number is another's.
      this.#flushHandoffs();
      this.hear(); // its end may be known before the last that it has said
      this.#hasEnded = true;
      this.#port.close();
      port.close(); // where it has not got to a thread, with the sockets that wait in it
      for (const flushed of this.#flushing) flushed();
    }
  }

  /**
   * Hears now all that it has said so far: news of its thread come another way, and say nothing of
   * how much of that has been read.
   */
  hear(): void {
    for (
      let next = receiveMessageOnPort(this.#port);
      next !== undefined;
      next = receiveMessageOnPort(this.#port)
    ) {
      try {
        this.#receive(next.message as FromShard);
      } catch (error) {
        // An event handler of the app has thrown: what came by itself would be uncaught, too.
        process.nextTick(() => {
          throw error;
        });
      }
    }
  }

  post(message: ToShard): void {
    this.#flushHandoffs(); // what was accepted before this goes ahead of it
    this.#port.postMessage(message);
  }

  #flushHandoffs(): void {
    this.handoff.flush();
    this.tlsHandoff.flush();
  }

  /** Resolves when all that it has sent so far is in its receivers' rings, or it has died. */
  flushed(): Promise<void> {
    if (this.#hasEnded) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#flushing.push(resolve);
    this.post({ type: 'flush' });
    return promise;
  }

  /**
   * Asks for a sign of life. One that is not up yet is not asked, nor is one that loads modules: to
   * start takes its time.
   */
  ask(): void {
    if (!this.isUp || this.loading.size > 0) return;
    this.unanswered += 1;
    this.post({ type: 'check-alive' });
  }

  /** Whether its thread is about to end: what is sent there now is lost. */
  get isCut(): boolean {
    return this.#cut.signal.aborted;
  }

  /** Ends its thread, whatever it is doing: `finished` rejects with the cause. */
  cut(cause: unknown): void {
    this.#cut.abort(cause);
  }

  #receive(message: FromShard): void {
    this.isUp = true;
    this.#cameUp.resolve();
    this.unanswered = 0;
    if (message.type === 'alive') return;
    if (message.type === 'flushed') this.#flushing.shift()?.();
    else this.#onMessage(message);
  }
}
