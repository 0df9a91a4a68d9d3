import { setTimeout as delay } from 'node:timers/promises';
import { buildClientFrame } from '../../src/load/client-frame.ts';
import { Latencies } from '../../src/load/latencies.ts';
import type { LoadConnection } from '../../src/load/load-connection.ts';
import {
  findStamp,
  microseconds,
  readStamp,
  stampedPayload,
  writeStamp,
} from '../../src/load/stamp.ts';
import { OPCODES } from '../../src/shared/codec/frame.ts';
import type { ClosedLoop } from '../scenarios/scenario.ts';
import { Crowd } from './crowd.ts';
import type { Job, Measurement } from './job.ts';
import { readUsage } from './server-process.ts';
import { Window } from './window.ts';

/** Every so many deliveries of a broadcast have their latency taken: odd, so that all rooms' have. */
const SAMPLE_EVERY = 7;

const MAX_MEASURED_MS = 60_000;
const CHECK_MS = 20;

/** Who gets one message, and how many are on their way. */
interface Group {
  readonly sender: LoadConnection;
  readonly members: number;
  sent: number;
  delivered: number;
}

/** Runs one load of messages; the server has nothing else to do. */
export class ClosedLoopRun {
  readonly #load: ClosedLoop;
  readonly #job: Job;
  readonly #crowd: Crowd;
  readonly #groups: Group[] = [];
  readonly #latencies = new Latencies();
  readonly #frame: Buffer;
  readonly #stamp: number;
  readonly #sampleEvery: number;
  #deliveries = 0;
  #running = false;

  constructor(load: ClosedLoop, job: Job) {
    this.#load = load;
    this.#job = job;
    this.#sampleEvery = load.message === 'echo' ? 1 : SAMPLE_EVERY;
    this.#crowd = new Crowd(job, (connection, bytes, stamp) =>
      this.#onDelivery(connection, bytes, stamp),
    );
    const message = this.#crowd.dialect.message(load.message, stampedPayload(load.bytes));
    this.#frame = buildClientFrame(OPCODES.TEXT, Buffer.from(message));
    this.#stamp = findStamp(this.#frame, 0, this.#frame.length);
  }

  async run(): Promise<Measurement> {
    const { timing, pid } = this.#job;
    const { connections, groups } = this.#load;
    const roomOf = (index: number) =>
      groups === 'each' || groups === 1 ? undefined : index % groups;
    const before = readUsage(pid).rss;
    await this.#crowd.open(connections, roomOf);
    const kbPerConnection = (readUsage(pid).rss - before) / connections;
    this.#form();
    this.#running = true;
    for (const group of this.#groups) this.#fill(group);
    await delay(timing.warmUp);
    const window = new Window(pid);
    const counted = this.#deliveries;
    this.#latencies.reset();
    await delay(timing.measured);
    while (this.#deliveries - counted < (this.#load.minDeliveries ?? 1)) {
      if (window.elapsed > MAX_MEASURED_MS) throw new Error('the server delivers nothing');
      await delay(CHECK_MS);
    }
    const used = window.end(this.#deliveries - counted);
    this.#running = false;
    const { p50, p99 } = this.#latencies.summary() ?? {};
    if (p50 === undefined || p99 === undefined) throw new Error('no latency was taken');
    return { ...used, kbPerConnection, p50, p99 };
  }

  /** Connection i is in group i modulo the number of groups; the first in each sends. */
  #form(): void {
    const { connections } = this.#crowd;
    const { groups } = this.#load;
    const count = groups === 'each' ? connections.length : groups;
    for (const sender of connections.slice(0, count)) {
      const members = connections.length / count;
      this.#groups.push({ sender, members, sent: 0, delivered: 0 });
    }
  }

  #onDelivery(connection: LoadConnection, bytes: Buffer, stamp: number): void {
    this.#deliveries += 1;
    if (this.#deliveries % this.#sampleEvery === 0) {
      this.#latencies.record(microseconds() - readStamp(bytes, stamp));
    }
    const group = this.#groups[connection.index % this.#groups.length] as Group;
    group.delivered += 1;
    if (this.#running) this.#fill(group);
  }

  #fill(group: Group): void {
    const complete = Math.floor(group.delivered / group.members);
    while (group.sent - complete < this.#load.inFlight) {
      group.sent += 1;
      const frame = Buffer.from(this.#frame);
      writeStamp(frame, this.#stamp, microseconds());
      group.sender.send(frame);
    }
  }
}
