import { EngineError, messageOf } from '../../shared/api/errors.ts';
import { type DrainTimes, PRIMARY, type ToShard } from '../../shared/messages/control-messages.ts';
import type { RecordView } from '../../shared/messages/record-view.ts';
import type { ResolvedEngineOptions } from '../../shared/options/engine-options.ts';
import { Doorbell } from '../../shared/ring/doorbell.ts';
import type { MailboxLink } from '../../shared/ring/mailbox.ts';
import { InterestTable } from '../../shared/tables/interest-table.ts';
import { allocateCounts } from '../../shared/tables/room-counts.ts';
import { Conditions } from '../../shared/time/conditions.ts';
import { settledWithin } from '../../shared/time/settled-within.ts';
import { clearTimeout, setTimeout } from '../../shared/time/timers.ts';
import { HandoffSchedule } from '../place/handoff.ts';
import { checkHandoff } from '../place/handoff-check.ts';
import { chooseHost, type Destination } from '../place/placement.ts';
import { linkPair, ringCapacityFor } from './link-pair.ts';
import { PrimaryMailbox } from './primary-mailbox.ts';
import { type Restart, RestartBackoff } from './restart-backoff.ts';
import { ShardHost, type ShardMessage } from './shard-host.ts';
import { type ShardThreads, startThreads } from './shard-threads.ts';
import { Watchdog } from './watchdog.ts';

/** Milliseconds beyond a deadline in which a shard may say that it has kept it. */
export const GRACE = 1_000;

/** The part of a deadline that may pass before connections are closed. */
const SETTLING = 1 / 4;

/** Deadlines of shards that have no connections worth waiting for. */
const AT_ONCE: DrainTimes = { timeoutMs: 0, drainMs: 0 };

/** A message of a shard that the engine handles. */
export type EngineMessage = Exclude<ShardMessage, { type: 'peer-connected' }>;

/** News that the group has for the engine. */
export interface ShardEvents {
  /** Gets a record of a server, which is only valid during the call. */
  onRecord(record: RecordView): void;
  onMessage(host: ShardHost, message: EngineMessage): void;
  /** A shard has come up, at the start or in the place of one that died. */
  onStart(host: ShardHost): void;
  /** A shard died. All that it had committed has been read. */
  onExit(host: ShardHost, cause: unknown, restart: Restart): void;
  /** These shards have been stopped, since none was needed; others may be started. */
  onRest(hosts: readonly ShardHost[]): void;
  onError(error: unknown): void;
}

/** The lifecycle of an engine's shards: starts, connects, watches, replaces and stops them. */
export class ShardGroup {
  /** The primary's way to the shards. */
  readonly mailbox: PrimaryMailbox;
  readonly #options: ResolvedEngineOptions;
  readonly #events: ShardEvents;
  readonly #hosts: ShardHost[] = [];
  readonly #handoffs = new HandoffSchedule();
  readonly #watchdog: Watchdog;
  readonly #backoff = new RestartBackoff();
  readonly #restarts = new Set<NodeJS.Timeout>();
  /** Upgrades that wait for a shard, while all are being replaced. */
  readonly #waiting = new Conditions();
  #threads: ShardThreads | undefined;
  #stopping = false;
  #starting: Promise<void> | undefined;
  #isStarted = false;

  constructor(options: ResolvedEngineOptions, events: ShardEvents) {
    this.#options = options;
    this.#events = events;
    this.mailbox = new PrimaryMailbox(options, events.onRecord, events.onError);
    this.#watchdog = new Watchdog(options.shards === 0 ? 0 : options.watchdogMs, () => this.#hosts);
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
    this.mailbox.start();
    this.#watchdog.start();
    await Promise.all(this.#hosts.map((host) => host.up)).catch((cause: unknown) => {
      throw new EngineError('ERR_SHARD_EXIT', `a shard died: ${messageOf(cause)}`, { cause });
    });
    if (!this.#stopping) this.mailbox.load.start();
    this.#isStarted = true;
  }

  /** Posts a message to every shard. */
  post(message: ToShard): void {
    for (const host of this.#hosts) host.post(message);
  }

  /**
   * Resolves when a shard runs, or none will; undefined where one runs already. Upgrades wait for it
   * while all shards are being replaced. Rejects as {@link ShardGroup.start} does.
   */
  running(): Promise<void> | undefined {
    if (!this.#isStarted) return this.#starting?.then(() => this.running());
    const isSettled = () => this.#stopping || this.#usable.length > 0;
    return isSettled() ? undefined : this.#waiting.until(isSettled);
  }

  /** Returns the shard for the next connection; undefined while none is running. */
  place(server?: Destination): ShardHost | undefined {
    return chooseHost(this.#usable, server);
  }

  /**
   * Empties the outboxes of the shards, then that of the primary, which has handled their records by
   * then. So accepted messages go ahead of the closes. Gives up after a part of the time.
   * @returns the rest of the time, for closing connections
   */
  async settled({ timeoutMs, drainMs }: DrainTimes): Promise<DrainTimes> {
    const deadline = performance.now() + timeoutMs;
    const shardsHave = Promise.all(this.#hosts.map((host) => host.flushed()));
    const primaryHas = shardsHave.then(() => this.mailbox.flushed());
    await settledWithin(primaryHas, timeoutMs * SETTLING);
    return { timeoutMs: Math.max(0, Math.floor(deadline - performance.now())), drainMs };
  }

  /** Closes all connections and ends all shards for good, once they have started. */
  async stop(times: DrainTimes): Promise<void> {
    await this.#starting?.catch(() => {}); // the caller of `start` is told
    await this.#end(times);
    this.mailbox.close();
  }

  /** Ends all shards while none is needed; {@link ShardGroup.start} starts others. */
  async rest(): Promise<void> {
    const hosts = [...this.#hosts];
    await this.#end(AT_ONCE);
    this.#starting = undefined;
    this.#isStarted = false;
    this.#stopping = false;
    this.#events.onRest(hosts);
  }

  async #end(times: DrainTimes): Promise<void> {
    this.#stopping = true;
    this.#watchdog.stop();
    for (const timer of this.#restarts) clearTimeout(timer);
    this.#restarts.clear();
    this.#waiting.recheck();
    const left = await this.settled(times);
    this.post({ type: 'stop', ...left });
    // A shard has its own deadline for its connections. One that misses this one hangs, and is cut.
    const finished = Promise.allSettled(this.#hosts.map((host) => host.finished));
    await settledWithin(finished, left.timeoutMs + GRACE);
    for (const { number } of this.#hosts) this.mailbox.disconnect(number);
    this.mailbox.load.stop();
    this.#hosts.length = 0;
    await this.#threads?.destroy();
    this.#handoffs.spare.release();
  }

  get #usable(): ShardHost[] {
    return this.#hosts.filter(({ isCut }) => !isCut);
  }

  /** Starts a shard in the asynchronous context of the engine: any code may be the first to listen. */
  #startShard(number: number): void {
    this.mailbox.context.runInAsyncScope(() => this.#launch(number));
  }

  #launch(number: number): void {
    const { shards, maxOutboxBytes, handshakeTimeout, sampleInterval } = this.#options;
    const start = {
      shard: number,
      ownsThread: shards > 0,
      doorbell: Doorbell.allocate(),
      interest: InterestTable.allocate(),
      counts: allocateCounts(),
      maxOutboxBytes,
      handshakeTimeout,
      sampleInterval,
    };
    const { run } = this.#threads as ShardThreads;
    const host = new ShardHost(run, start, this.#handoffs, (message) =>
      this.#onMessage(host, message),
    );
    host.finished.catch((cause: unknown) => this.#exited(host, cause));
    this.#connect(host);
    this.#hosts.push(host);
    this.#waiting.recheck();
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

  /** Connects a new shard with the primary and every other shard. */
  #connect(host: ShardHost): void {
    const capacity = ringCapacityFor(this.#options);
    const [own, primaryLink] = linkPair(this.mailbox.doorbell, host.doorbell, capacity);
    this.mailbox.connect(host, own);
    host.post({ type: 'connect-peer', peer: PRIMARY, link: primaryLink });
    for (const sibling of this.#hosts) {
      const [ownLink, siblingLink] = linkPair(host.doorbell, sibling.doorbell, capacity);
      host.unconnected.add(sibling.number);
      host.post(connectPeer(sibling, ownLink));
      sibling.post(connectPeer(host, siblingLink));
    }
  }

  /** Cuts the shards that have not begun: a thread died before its task had begun. */
  #threadLost(cause: unknown): void {
    for (const host of this.#hosts) {
      host.hear(); // a message that waits shows that the shard has begun
      if (!host.isUp) host.cut(cause);
    }
  }

  #exited(host: ShardHost, cause: unknown): void {
    // While the group ends, all shards are read to the last record, and none is replaced.
    if (this.#stopping || !this.#hosts.includes(host)) return;
    this.#hosts.splice(this.#hosts.indexOf(host), 1);
    this.mailbox.disconnect(host.number);
    for (const other of this.#hosts) other.unconnected.delete(host.number);
    this.post({ type: 'disconnect-peer', peer: host.number });
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
