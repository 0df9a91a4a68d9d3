import { extname } from 'node:path';
import { Piscina } from 'piscina';
import type { EngineConfig } from '../shared/config.ts';
import {
  type FromShard,
  PRIMARY,
  type ShardStart,
  type ToShard,
} from '../shared/control-messages.ts';
import { Doorbell } from '../shared/doorbell.ts';
import { EngineError, messageOf } from '../shared/errors.ts';
import { InterestMap, InterestTable } from '../shared/interest-table.ts';
import { Mailbox, type MailboxLink, type RecordHandler } from '../shared/mailbox.ts';
import { allocateRing, ringCapacity } from '../shared/ring-buffer.ts';
import type { RoutedRecord } from '../shared/routed-record.ts';
import { settledWithin } from '../shared/settled-within.ts';
import { TickLoop } from '../shared/tick-loop.ts';
import { checkHandoff } from './handoff.ts';
import { fewestConnections, reachable } from './placement.ts';
import { type RunShard, ShardHost } from './shard-host.ts';

/** What a shard may take beyond a deadline to say that it has kept it, in milliseconds. */
export const GRACE = 1_000;

// Milliseconds.
const LIVED_LONG_ENOUGH = 10_000;
const FIRST_DELAY = 100;
const LONGEST_DELAY = 10_000;

const SHARD_URL = new URL(`../workers/shard${extname(import.meta.url)}`, import.meta.url);

/** What a shard says that is not the group's own business. */
export type EngineMessage = Exclude<FromShard, { type: 'peer-connected' }>;

/** What the group tells the engine. */
export interface ShardEvents {
  onRecord: RecordHandler;
  onMessage(host: ShardHost, message: EngineMessage): void;
  /** A shard has come up, at the start or in the place of one that died. */
  onStart(host: ShardHost): void;
  /** A shard died. All that it had committed has been read. */
  onExit(host: ShardHost, cause: unknown): void;
  onError(error: unknown): void;
}

/** All shards of an engine, the primary's mailbox, and the rings between them. */
export class ShardGroup {
  readonly #config: Required<EngineConfig>;
  readonly #events: ShardEvents;
  readonly #mailbox: Mailbox;
  readonly #doorbell = Doorbell.allocate();
  readonly #ticks: TickLoop;
  readonly #hosts: ShardHost[] = [];
  readonly #interest = new InterestMap();
  #pool: Piscina | undefined;
  #run: RunShard | undefined;
  #stopping = false;
  #nextStart = Promise.withResolvers<void>();
  /** Shards that died young: how often in a row. */
  readonly #earlyDeaths = new Map<number, number>();
  readonly #restarts = new Set<NodeJS.Timeout>();

  constructor(config: Required<EngineConfig>, events: ShardEvents) {
    this.#config = config;
    this.#events = events;
    this.#mailbox = new Mailbox({
      doorbell: this.#doorbell,
      maxOutboxBytes: config.maxOutboxBytes,
      onRecord: events.onRecord,
      onWake: () => this.#ticks.schedule(),
      onError: events.onError,
    });
    this.#ticks = new TickLoop(this.#mailbox, () => {});
  }

  get hosts(): readonly ShardHost[] {
    return this.#hosts;
  }

  /**
   * Starts every shard; resolves when each is up.
   * @throws EngineError ERR_HANDOFF_UNSUPPORTED, ERR_SHARD_EXIT
   */
  async start(): Promise<void> {
    await checkHandoff();
    this.#run = this.#config.shards === 0 ? await inlineRun() : this.#piscinaRun();
    for (let number = 1; number <= Math.max(1, this.#config.shards); number++) {
      this.#startShard(number);
    }
    this.#ticks.schedule();
    await Promise.all(this.#hosts.map((host) => host.up)).catch((cause: unknown) => {
      throw new EngineError('ERR_SHARD_EXIT', `a shard died: ${messageOf(cause)}`, { cause });
    });
  }

  /** Sends records to shards. @throws EngineError ERR_OUTBOX_FULL, and then none has got any */
  send(records: readonly RoutedRecord[]): void {
    this.#ticks.send(records);
  }

  /** Sends a record past the bound, where what causes it bounds it already. */
  sendAlways(shard: number, record: Buffer): void {
    this.#ticks.sendAlways(shard, record);
  }

  /** What the shards want to be sent. */
  get interest(): InterestMap {
    return this.#interest;
  }

  /** Says something to every shard. */
  post(message: ToShard): void {
    for (const host of this.#hosts) host.post(message);
  }

  /** Resolves when a shard runs, or none will: while all are being replaced, upgrades wait. */
  async running(): Promise<void> {
    if (this.#hosts.length === 0 && !this.#stopping) await this.#nextStart.promise;
  }

  /**
   * The shard that the next connection of a server goes to; undefined while none is running.
   * @param connectionsIn how many connections of the server a shard has
   */
  place(connectionsIn: (shard: number) => number): ShardHost | undefined {
    return fewestConnections(reachable(this.#hosts), connectionsIn);
  }

  /** Closes all connections and ends all shards; reads what they had to say until the last. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#restarts) clearTimeout(timer);
    this.#nextStart.resolve();
    this.post({ type: 'stop', timeoutMs });
    // A shard has its own deadline for its connections; one that misses this one hangs, and is cut.
    const finished = Promise.allSettled(this.#hosts.map((host) => host.finished));
    await settledWithin(finished, timeoutMs + GRACE);
    for (const number of this.#numbers()) this.#mailbox.disconnect(number);
    this.#ticks.stop();
    this.#mailbox.close();
    this.#hosts.length = 0;
    await this.#pool?.destroy();
  }

  #numbers(): number[] {
    return this.#hosts.map((host) => host.number);
  }

  #startShard(number: number): void {
    const start = {
      shard: number,
      doorbell: Doorbell.allocate(),
      interest: InterestTable.allocate(),
      maxOutboxBytes: this.#config.maxOutboxBytes,
    };
    const run = this.#run as RunShard;
    const host = new ShardHost(run, start, (message) => this.#onMessage(host, message));
    host.finished.catch((cause: unknown) => this.#exited(host, cause));
    this.#connect(host);
    this.#hosts.push(host);
    this.#nextStart.resolve();
    this.#nextStart = Promise.withResolvers();
    this.#events.onStart(host);
  }

  #onMessage(host: ShardHost, message: FromShard): void {
    if (message.type !== 'peer-connected') {
      this.#events.onMessage(host, message);
      return;
    }
    const peer = this.#hosts.find(({ number }) => number === message.peer);
    peer?.unconnected.delete(host.number);
  }

  /** Lays a ring in each direction between a new shard and everyone else. */
  #connect(host: ShardHost): void {
    const threads = Math.max(1, this.#config.shards) + 1;
    const capacity = ringCapacity(this.#config.ringMemory, threads * (threads - 1));
    const toPrimary = allocateRing(capacity);
    const fromPrimary = allocateRing(capacity);
    this.#mailbox.connect(host.number, {
      inbound: toPrimary,
      outbound: fromPrimary,
      doorbell: host.doorbell,
    });
    this.#interest.set(host.number, host.interest);
    const primaryLink = { inbound: fromPrimary, outbound: toPrimary, doorbell: this.#doorbell };
    host.post({ type: 'connect-peer', peer: PRIMARY, link: primaryLink });
    for (const sibling of this.#hosts) {
      const there = allocateRing(capacity);
      const back = allocateRing(capacity);
      const ownLink = { inbound: back, outbound: there, doorbell: sibling.doorbell };
      const siblingLink = { inbound: there, outbound: back, doorbell: host.doorbell };
      host.unconnected.add(sibling.number);
      host.post(connectPeer(sibling, ownLink));
      sibling.post(connectPeer(host, siblingLink));
    }
  }

  #exited(host: ShardHost, cause: unknown): void {
    if (this.#stopping) return; // stop() reads what it had to say, and has no use for another
    this.#hosts.splice(this.#hosts.indexOf(host), 1);
    this.#mailbox.disconnect(host.number);
    this.#interest.delete(host.number);
    for (const other of this.#hosts) {
      other.unconnected.delete(host.number);
      other.post({ type: 'disconnect-peer', peer: host.number });
    }
    this.#events.onExit(host, cause);
    this.#restart(host);
  }

  /** At once; but one that keeps dying waits longer each time. */
  #restart({ number, startedAt }: ShardHost): void {
    const hasLived = performance.now() - startedAt >= LIVED_LONG_ENOUGH;
    const deaths = hasLived ? 0 : (this.#earlyDeaths.get(number) ?? 0);
    this.#earlyDeaths.set(number, deaths + 1);
    if (deaths === 0) {
      this.#startShard(number);
      return;
    }
    const delay = Math.min(FIRST_DELAY * 2 ** (deaths - 1), LONGEST_DELAY);
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#startShard(number);
    }, delay);
    this.#restarts.add(timer);
  }

  #piscinaRun(): RunShard {
    const { shards } = this.#config;
    const pool = new Piscina<ShardStart, void>({
      filename: SHARD_URL.href,
      name: 'runShard',
      minThreads: shards,
      maxThreads: shards,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled', // 'sync' blocks an idle worker's event loop
    });
    // The run of each shard that dies rejects as well: this is the same news again.
    pool.on('error', () => {});
    this.#pool = pool;
    return (start, port) => pool.run(start, { transferList: [port] as never }); // its type is narrower
  }
}

function connectPeer({ number, interest }: ShardHost, link: MailboxLink): ToShard {
  return { type: 'connect-peer', peer: number, link, interest };
}

/** With no threads the one shard runs on this loop: the same task, without a worker around it. */
async function inlineRun(): Promise<RunShard> {
  const { runShard } = (await import(SHARD_URL.href)) as {
    runShard: (start: ShardStart) => Promise<void>;
  };
  return runShard;
}
