import { EngineError, messageOf } from '../../shared/api/errors.ts';
import { type DrainTimes, PRIMARY, type ToShard } from '../../shared/messages/control-messages.ts';
import { RecordView } from '../../shared/messages/record-view.ts';
import { RecordKind } from '../../shared/messages/records.ts';
import { ThreadLoad } from '../../shared/observe/thread-load.ts';
import type { ResolvedEngineOptions } from '../../shared/options/engine-options.ts';
import { Doorbell } from '../../shared/ring/doorbell.ts';
import { Mailbox, type MailboxLink } from '../../shared/ring/mailbox.ts';
import { type RoutedRecord, TickLoop } from '../../shared/ring/tick-loop.ts';
import type { Peers } from '../../shared/spread/peers.ts';
import { InterestMap, InterestTable } from '../../shared/tables/interest-table.ts';
import { allocateCounts, CountsMap } from '../../shared/tables/room-counts.ts';
import { Conditions } from '../../shared/time/conditions.ts';
import { settledWithin } from '../../shared/time/settled-within.ts';
import { HandoffSchedule } from '../place/handoff.ts';
import { checkHandoff } from '../place/handoff-check.ts';
import { chooseHost, type Destination } from '../place/placement.ts';
import { linkPair } from './link-pair.ts';
import { type Restart, RestartBackoff } from './restart-backoff.ts';
import { ringCapacityFor } from './ring-capacity.ts';
import { ShardHost, type ShardMessage } from './shard-host.ts';
import { type ShardThreads, startThreads } from './shard-threads.ts';
import { Watchdog } from './watchdog.ts';

/** What a shard may take beyond a deadline to say that it has kept it, in milliseconds. */
export const GRACE = 1_000;

/** The part of a deadline that may pass before connections are closed. */
const SETTLING = 1 / 4;

/** The time to close connections where no port has come to be open. */
const AT_ONCE: DrainTimes = { timeoutMs: 0, drainMs: 0 };

/** What a shard says that is not the group's own business. */
export type EngineMessage = Exclude<ShardMessage, { type: 'peer-connected' }>;

/** What the group tells the engine. */
export interface ShardEvents {
  /** Gets a record of a server, which is only valid during the call. */
  onRecord(record: RecordView): void;
  onMessage(host: ShardHost, message: EngineMessage): void;
  /** A shard has come up, at the start or in the place of one that died. */
  onStart(host: ShardHost): void;
  /** A shard died. All that it had committed has been read. */
  onExit(host: ShardHost, cause: unknown, restart: Restart): void;
  onError(error: unknown): void;
}

/** All shards of an engine, the primary's mailbox, and the rings between them. */
export class ShardGroup implements Peers {
  readonly #options: ResolvedEngineOptions;
  readonly #events: ShardEvents;
  readonly #mailbox: Mailbox;
  readonly #doorbell = Doorbell.allocate();
  readonly #ticks: TickLoop;
  /** How busy the primary is. */
  readonly load: ThreadLoad;
  readonly #hosts: ShardHost[] = [];
  readonly #handoffs = new HandoffSchedule();
  readonly self = PRIMARY;
  readonly #record = new RecordView();
  /** What the shards want to be sent. */
  readonly interest = new InterestMap();
  /** How many are in the shards' rooms. */
  readonly counts = new CountsMap();
  readonly #watchdog: Watchdog;
  readonly #backoff = new RestartBackoff();
  /** What waits for rings to have taken all. */
  readonly #flushing = new Conditions();
  #threads: ShardThreads | undefined;
  #stopping = false;
  #starting: Promise<void> | undefined;
  #isStarted = false;
  #nextStart = Promise.withResolvers<void>();
  readonly #restarts = new Set<NodeJS.Timeout>();

  constructor(options: ResolvedEngineOptions, events: ShardEvents) {
    this.#options = options;
    this.#events = events;
    this.#mailbox = new Mailbox({
      doorbell: this.#doorbell,
      maxOutboxBytes: options.maxOutboxBytes,
      onRecord: (bytes, start, end, from) =>
        this.#receive(this.#record.at(bytes, start, end, from)),
      onWake: () => this.#ticks.schedule(),
      onDrained: () => this.#flushing.recheck(),
      onError: events.onError,
    });
    this.#ticks = new TickLoop(this.#mailbox, () => {});
    this.#watchdog = new Watchdog(options.shards === 0 ? 0 : options.watchdogMs, () => this.#hosts);
    this.load = new ThreadLoad(this.#mailbox, this.#ticks, options.sampleInterval);
  }

  get hosts(): readonly ShardHost[] {
    return this.#hosts;
  }

  /**
   * Starts every shard; resolves when each is up.
   * @throws EngineError ERR_HANDOFF_UNSUPPORTED, ERR_SHARD_EXIT
   */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    await checkHandoff();
    this.#threads = await startThreads(this.#options, (cause) => this.#threadLost(cause));
    for (let number = 1; number <= Math.max(1, this.#options.shards); number++) {
      this.#startShard(number);
    }
    this.#ticks.schedule();
    this.#watchdog.start();
    await Promise.all(this.#hosts.map((host) => host.up)).catch((cause: unknown) => {
      throw new EngineError('ERR_SHARD_EXIT', `a shard died: ${messageOf(cause)}`, { cause });
    });
    if (!this.#stopping) this.load.start();
    this.#isStarted = true;
  }

  /** Settles when starting is over, if it has begun; how it ended whoever asked for it knows. */
  async startSettled(): Promise<void> {
    await this.#starting?.catch(() => {});
  }

  #receive(record: RecordView): void {
    if (record.kind === RecordKind.PROBE) this.load.receive(record);
    else this.#events.onRecord(record);
  }

  /** Sends records to shards. @throws EngineError ERR_OUTBOX_FULL, and then none has got any */
  send(records: readonly RoutedRecord[]): void {
    this.#ticks.send(records);
  }

  /** Sends a record past the bound, where what causes it bounds it already. */
  sendAlways(shard: number, record: Buffer): void {
    this.#ticks.sendAlways(shard, record);
  }

  /** Says something to every shard. */
  post(message: ToShard): void {
    for (const host of this.#hosts) host.post(message);
  }

  /**
   * Resolves when a shard runs, or none will: while all are being replaced, upgrades wait. Undefined
   * where one does. Rejects as {@link ShardGroup.start} does.
   */
  running(): Promise<void> | undefined {
    if (!this.#isStarted) return this.#starting?.then(() => this.running());
    const isDown = !this.#stopping && this.#usable.length === 0;
    return isDown ? this.#nextStart.promise : undefined;
  }

  /** The shard that the next connection goes to; undefined while none is running. */
  place(server?: Destination): ShardHost | undefined {
    return chooseHost(this.#usable, server);
  }

  /**
   * Sees to it that what was accepted so far is where those who are to get it will find it: all
   * that shards have sent, then what the primary makes of that. Gives up when a part of the time
   * has passed.
   * @returns what is left of it, for closing connections
   */
  async settled({ timeoutMs, drainMs }: DrainTimes): Promise<DrainTimes> {
    const deadline = performance.now() + timeoutMs;
    const shardsHave = Promise.all(this.#hosts.map((host) => host.flushed()));
    const primaryHas = shardsHave.then(() => {
      this.#mailbox.drain();
      return this.#flushing.until(() => this.#mailbox.isFlushed);
    });
    await settledWithin(primaryHas, timeoutMs * SETTLING);
    return { timeoutMs: Math.max(0, Math.floor(deadline - performance.now())), drainMs };
  }

  /** Closes all connections and ends all shards for good. */
  async stop(times: DrainTimes): Promise<void> {
    await this.#end(times);
    this.#ticks.stop();
    this.#mailbox.close();
  }

  /** Ends all shards, which nobody needs; {@link ShardGroup.start} starts others. */
  async rest(): Promise<void> {
    await this.#end(AT_ONCE);
    this.#nextStart = Promise.withResolvers();
    this.#starting = undefined;
    this.#isStarted = false;
    this.#stopping = false;
  }

  /** Reads what the shards have to say until the last. */
  async #end(times: DrainTimes): Promise<void> {
    this.#stopping = true;
    this.#watchdog.stop();
    for (const timer of this.#restarts) clearTimeout(timer);
    this.#restarts.clear();
    this.#nextStart.resolve();
    const left = await this.settled(times);
    this.post({ type: 'stop', ...left });
    // A shard has its own deadline for its connections; one that misses this one hangs, and is cut.
    const finished = Promise.allSettled(this.#hosts.map((host) => host.finished));
    await settledWithin(finished, left.timeoutMs + GRACE);
    for (const { number } of this.#hosts) this.#disconnect(number);
    this.load.stop();
    this.#hosts.length = 0;
    await this.#threads?.destroy();
  }

  get #usable(): ShardHost[] {
    return this.#hosts.filter(({ isCut }) => !isCut);
  }

  #disconnect(number: number): void {
    this.#mailbox.disconnect(number);
    this.interest.delete(number);
    this.counts.delete(number);
  }

  #startShard(number: number): void {
    const start = {
      shard: number,
      ownsThread: this.#options.shards > 0,
      doorbell: Doorbell.allocate(),
      interest: InterestTable.allocate(),
      counts: allocateCounts(),
      maxOutboxBytes: this.#options.maxOutboxBytes,
      handshakeTimeout: this.#options.handshakeTimeout,
      sampleInterval: this.#options.sampleInterval,
    };
    const { run } = this.#threads as ShardThreads;
    const host = new ShardHost(run, start, this.#handoffs, (message) =>
      this.#onMessage(host, message),
    );
    host.finished.catch((cause: unknown) => this.#exited(host, cause));
    this.#connect(host);
    this.#hosts.push(host);
    this.#nextStart.resolve();
    this.#nextStart = Promise.withResolvers();
    this.#events.onStart(host);
  }

  #onMessage(host: ShardHost, message: ShardMessage): void {
    if (message.type !== 'peer-connected') {
      this.#events.onMessage(host, message);
      return;
    }
    const peer = this.#hosts.find(({ number }) => number === message.peer);
    peer?.unconnected.delete(host.number);
  }

  /** Lays a ring in each direction between a new shard and everyone else. */
  #connect(host: ShardHost): void {
    const capacity = ringCapacityFor(this.#options);
    const [own, primaryLink] = linkPair(capacity, this.#doorbell, host.doorbell);
    this.#mailbox.connect(host.number, own);
    this.interest.set(host.number, host.interest);
    this.counts.set(host.number, host.counts);
    host.post({ type: 'connect-peer', peer: PRIMARY, link: primaryLink });
    for (const sibling of this.#hosts) {
      const [ownLink, siblingLink] = linkPair(capacity, host.doorbell, sibling.doorbell);
      host.unconnected.add(sibling.number);
      host.post(connectPeer(sibling, ownLink));
      sibling.post(connectPeer(host, siblingLink));
    }
  }

  /** A thread died before it had begun: those that are to begin will not. */
  #threadLost(cause: unknown): void {
    for (const host of this.#hosts) {
      host.hear(); // one that has said something has begun
      if (!host.isUp) host.cut(cause);
    }
  }

  #exited(host: ShardHost, cause: unknown): void {
    // The end of all reads what it had to say, and has no use for another.
    if (this.#stopping || !this.#hosts.includes(host)) return;
    this.#hosts.splice(this.#hosts.indexOf(host), 1);
    this.#disconnect(host.number);
    for (const other of this.#hosts) {
      other.unconnected.delete(host.number);
      other.post({ type: 'disconnect-peer', peer: host.number });
    }
    const restart = this.#backoff.died(host.number, performance.now() - host.startedAt);
    this.#events.onExit(host, cause, restart);
    this.#restart(host, restart.delayMs);
  }

  #restart({ number }: ShardHost, delayMs: number): void {
    if (delayMs === 0) {
      this.#startShard(number);
      return;
    }
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#startShard(number);
    }, delayMs);
    this.#restarts.add(timer);
  }
}

function connectPeer({ number, interest, counts }: ShardHost, link: MailboxLink): ToShard {
  return { type: 'connect-peer', peer: number, link, interest, counts };
}
