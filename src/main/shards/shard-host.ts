import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { EngineError, serializeError } from '../../shared/api/errors.ts';
import type { FromShard, ShardStart, ToShard } from '../../shared/messages/control-messages.ts';
import { Doorbell } from '../../shared/ring/doorbell.ts';
import {
  Handoff,
  type HandoffSchedule,
  packTls,
  packUpgrades,
  type TlsDeparture,
} from '../place/handoff.ts';
import { SentHandoffs } from '../place/sent-handoffs.ts';

/**
 * Starts a shard's task; the promise settles when the task has ended. Where the signal is aborted
 * it rejects, and the thread ends whatever it is doing.
 */
export type RunShard = (start: ShardStart, port: MessagePort, signal: AbortSignal) => Promise<void>;

/** A message of a shard that is not for its host alone. */
export type ShardMessage = Exclude<FromShard, { type: 'alive' | 'arrived' | 'flushed' }>;

/** One shard as the primary sees it: its task, its port, its connections. */
export class ShardHost {
  readonly number: number;
  readonly doorbell: ShardStart['doorbell'];
  readonly interest: ShardStart['interest'];
  readonly counts: ShardStart['counts'];
  readonly handoff: Handoff;
  readonly tlsHandoff: Handoff<TlsDeparture>;
  readonly #sent: SentHandoffs;
  readonly #port: MessagePort;
  readonly #onMessage: (message: ShardMessage) => void;
  readonly #cut = new AbortController();
  /** Milliseconds, monotonic. */
  readonly startedAt = performance.now();
  /** Settles when the shard's task has ended; rejects where it died. */
  readonly finished: Promise<void>;
  /** Its WebSockets, of all servers, those on their way included. */
  connections = 0;
  /** Its TLS connections that are no WebSockets, or not yet. */
  streams = 0;
  /** Whether one of its messages has been heard. */
  isUp = false;
  readonly #cameUp = Promise.withResolvers<void>();
  /** Resolves when it is first heard; rejects where it died before. */
  readonly up = this.#cameUp.promise;
  #hasEnded = false;
  /** Shards that do not send to this one yet: their messages would miss its connections. */
  readonly unconnected = new Set<number>();
  /** Servers that it has been told of and does not have yet: their modules may be loading. */
  readonly loading = new Set<number>();
  readonly #pulse: Doorbell;
  #beats = 0;
  #unanswered = 0;
  /** Calls of {@link ShardHost.flushed} that wait for an answer, in their order. */
  readonly #flushing: (() => void)[] = [];

  constructor(
    run: RunShard,
    start: Omit<ShardStart, 'port'>,
    schedule: HandoffSchedule,
    onMessage: (message: ShardMessage) => void,
  ) {
    const { port1, port2 } = new MessageChannel();
    this.number = start.shard;
    this.doorbell = start.doorbell;
    this.#pulse = new Doorbell(start.doorbell);
    this.interest = start.interest;
    this.counts = start.counts;
    this.#port = port1;
    this.#onMessage = onMessage;
    this.#sent = new SentHandoffs({
      ask: () => this.#port.postMessage({ type: 'confirm-handoffs' } satisfies ToShard),
      report: (lost, unsent) => this.#reportLost(lost, unsent),
    });
    this.handoff = new Handoff(schedule, port1, packUpgrades, this.#sent);
    this.tlsHandoff = new Handoff(schedule, port1, packTls, this.#sent);
    this.#port.on('message', (message: FromShard) => this.#receive(message));
    this.finished = this.#run(run, start, port2);
    this.finished.then(this.#cameUp.resolve, this.#cameUp.reject);
    this.up.catch(() => {}); // `finished` tells it too
  }

  /** All its connections. */
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
      // Sockets that wait to move fail with it, before another shard gets its number.
      this.#flushHandoffs();
      this.hear(); // its end may be known before its last messages
      this.#hasEnded = true;
      this.#sent.end();
      this.#port.close();
      port.close(); // where it has not got to a thread, with the sockets that wait in it
      for (const flushed of this.#flushing) flushed();
    }
  }

  /** Takes all messages that it has posted so far. Other news of its thread may overtake them. */
  hear(): void {
    for (
      let next = receiveMessageOnPort(this.#port);
      next !== undefined;
      next = receiveMessageOnPort(this.#port)
    ) {
      try {
        this.#receive(next.message as FromShard);
      } catch (error) {
        // An event handler of the app has thrown, which is uncaught for other messages, too.
        process.nextTick(() => {
          throw error;
        });
      }
    }
  }

  /** @param ports go with it */
  post(message: ToShard, ports: MessagePort[] = []): void {
    this.#flushHandoffs(); // what was accepted before this goes ahead of it
    this.#port.postMessage(message, ports);
  }

  #flushHandoffs(): void {
    this.handoff.flush();
    this.tlsHandoff.flush();
  }

  /** Resolves when all its records so far are in their receivers' rings, or it has died. */
  flushed(): Promise<void> {
    if (this.#hasEnded) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#flushing.push(resolve);
    this.post({ type: 'flush' });
    return promise;
  }

  /** Checks since its last sign of life: a message, or a socket that it has begun to read. */
  get unanswered(): number {
    const { beats } = this.#pulse;
    if (beats !== this.#beats) this.#unanswered = 0;
    this.#beats = beats;
    return this.#unanswered;
  }

  /** Asks for a sign of life, unless it is still starting or loading modules, which takes time. */
  ask(): void {
    if (!this.isUp || this.loading.size > 0) return;
    this.#unanswered += 1;
    this.post({ type: 'check-alive' });
  }

  /** Whether its thread is about to end: a message to it is lost. */
  get isCut(): boolean {
    return this.#cut.signal.aborted;
  }

  /** Ends its thread, even one that hangs: `finished` rejects with the cause. */
  cut(cause: unknown): void {
    this.#cut.abort(cause);
  }

  #reportLost(lost: number, unsent: number): void {
    const text =
      `of connections on their way to shard ${this.number} ${unsent} were ended and ${lost} lost: ` +
      'file descriptors have run out (ulimit -n)';
    const error = serializeError(new EngineError('ERR_HANDOFF_LOST', text));
    this.#onMessage({ type: 'error', error });
  }

  #receive(message: FromShard): void {
    this.isUp = true;
    this.#cameUp.resolve();
    this.#unanswered = 0;
    if (message.type === 'alive') return;
    if (message.type === 'flushed') this.#flushing.shift()?.();
    else if (message.type === 'arrived') this.#sent.arrived(message.handoffs);
    else this.#onMessage(message);
  }
}
