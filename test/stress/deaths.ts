import { strict as assert } from 'node:assert';
import { readdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Engine, type ShardExit } from '../../src/main/index.ts';
import { type Fault, WHICH_SHARD } from '../end-to-end/fixtures/faults.ts';
import { TestClient } from '../end-to-end/kit/test-client.ts';
import { until } from '../end-to-end/kit/until.ts';

const FAULTS = new URL('../end-to-end/fixtures/faults.ts', import.meta.url);
const WAYS: readonly Fault[] = [
  'process.exit',
  'a timer that throws',
  'a rejection that nobody handles',
];
const CONNECTIONS_PER_SHARD = 5;
/** Milliseconds that threads which have died may take to let go of everything. */
const PATIENCE = 5_000;
/** A shard that dies alone is replaced within so many milliseconds. */
const MOST_ALONE = 1_000;
/** Of the RSS: the heaps of new threads are not the same to the byte. */
const MOST_GROWTH = 1.2;

/** What must be the same after any number of deaths. */
export const COUNTED = ['descriptors', 'threads', 'handles', 'sharedBuffers'] as const;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Every shared buffer that the primary has made and that is still reachable. */
const made: WeakRef<SharedArrayBuffer>[] = [];

/** From now on {@link resources} counts the shared buffers that are made. */
function countSharedBuffers(): () => void {
  const Original = globalThis.SharedArrayBuffer;
  globalThis.SharedArrayBuffer = new Proxy(Original, {
    construct(target, [bytes]: [number]) {
      const buffer = new target(bytes);
      made.push(new WeakRef(buffer));
      return buffer;
    },
  });
  return () => {
    globalThis.SharedArrayBuffer = Original;
  };
}

/** What a process holds. */
export interface Resources {
  readonly descriptors: number;
  readonly threads: number;
  readonly handles: number;
  readonly sharedBuffers: number;
  /** MiB. */
  readonly rss: number;
}

/** What is held when all that is on its way out has gone; more than `least` is looked at again. */
async function resources(least?: Resources): Promise<Resources> {
  const deadline = performance.now() + (least === undefined ? PATIENCE / 10 : PATIENCE);
  while (true) {
    await nextTurn();
    collect();
    const held = look();
    if (isNoMore(held, least) || performance.now() > deadline) return held;
  }
}

function isNoMore(held: Resources, least: Resources | undefined): boolean {
  return least !== undefined && COUNTED.every((name) => held[name] <= least[name]);
}

function look(): Resources {
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    handles: process.getActiveResourcesInfo().length,
    sharedBuffers: made.filter((ref) => ref.deref() !== undefined).length,
    rss: Math.round(process.memoryUsage.rss() / 2 ** 20),
  };
}

/** What a run has seen. */
export interface DeathsReport {
  readonly deaths: number;
  /**
   * Longest time from a death to a connection on a shard that has started since, without its delay, in
   * ms. All shards of a round die at once, and their threads start on the same cores.
   */
  readonly slowestMs: number;
  /** Behind the first round and each one after it. */
  readonly rounds: readonly Resources[];
}

/**
 * Has every shard of an engine die once a round, in several ways and with connections on it, and
 * looks what is held behind each round. The backoff bounds the rounds: they get slower.
 */
export async function runDeaths(shards: number, rounds: number): Promise<DeathsReport> {
  const restore = countSharedBuffers();
  const engine = new Engine({ shards, ringMemory: 2 ** 20 });
  try {
    const run = new DeathsRun(engine, shards);
    await run.listen();
    const behind: Resources[] = [];
    for (let round = 0; round < rounds; round++) {
      await run.round(WAYS[round % WAYS.length] as Fault);
      behind.push(await resources(behind[0]));
    }
    const { deaths, slowestMs } = run;
    return { deaths, slowestMs, rounds: behind };
  } finally {
    await engine.close();
    restore();
    made.length = 0;
  }
}

class DeathsRun {
  deaths = 0;
  slowestMs = 0;
  readonly #engine: Engine;
  readonly #shards: number;
  #port = 0;
  /** Closures' connections that have ended, each as often as it was said. */
  readonly #ends: string[] = [];
  readonly #replacements: Promise<void>[] = [];

  constructor(engine: Engine, shards: number) {
    this.#engine = engine;
    this.#shards = shards;
  }

  async listen(): Promise<void> {
    this.#engine.server({ endpoint: '/closures' }).onConnection((c) => {
      c.onDisconnect(({ code }) => this.#ends.push(`${c.id} ${code}`));
    });
    this.#engine.server({ endpoint: '/module', handlers: FAULTS });
    this.#engine.on('shardExit', (exit) => {
      this.deaths += 1;
      this.#replacements.push(this.#replaced(exit));
    });
    ({ port: this.#port } = await this.#engine.listen(0, { host: '127.0.0.1' }));
  }

  async round(fault: Fault): Promise<void> {
    const victims = await this.#openOnEach();
    const clients = await this.#open('/closures', this.#shards * CONNECTIONS_PER_SHARD);
    for (const victim of victims) victim.send(fault);
    // Who comes while shards die may be refused, or end at once; it must leave nothing behind.
    const guests = victims.map(() => new TestClient(`ws://127.0.0.1:${this.#port}/module`));
    for (const client of [...clients, ...victims]) assert.equal((await client.closed()).code, 1006);
    await Promise.all(this.#replacements.splice(0));
    for (const guest of guests) await guest[Symbol.asyncDispose]();
    await until(() => this.#connections === 0 && this.#ends.length >= clients.length);
    assert.equal(new Set(this.#ends).size, clients.length, 'each was told once');
    assert.ok(this.#ends.splice(0).every((end) => end.endsWith(' 1006')));
    // What a thread opens for its first socket, it keeps: each shall have had one.
    for (const client of await this.#openOnEach()) await client[Symbol.asyncDispose]();
    await until(() => this.#connections === 0);
  }

  get #connections(): number {
    return this.#engine.shards.reduce((sum, { connections }) => sum + connections, 0);
  }

  /** Placement may pass over a shard that is new: asks until there is a connection on each. */
  async #openOnEach(): Promise<TestClient[]> {
    const victims = new Map<string, TestClient>();
    while (victims.size < this.#shards) {
      const [client] = (await this.#open('/module', 1)) as [TestClient];
      client.send(WHICH_SHARD);
      const shard = String(await client.next());
      if (victims.has(shard)) await client[Symbol.asyncDispose]();
      else victims.set(shard, client);
    }
    return [...victims.values()];
  }

  #open(path: string, count: number): Promise<TestClient[]> {
    const open = () => TestClient.open({ port: this.#port }, path);
    return Promise.all(Array.from({ length: count }, open));
  }

  /** Another shard may die with what is about to open there: asks until there is a connection. */
  async #openDespiteDeaths(): Promise<TestClient> {
    while (true) {
      try {
        return await TestClient.open({ port: this.#port }, '/module');
      } catch {
        await nextTurn();
      }
    }
  }

  /** Resolves when the engine takes connections in place of a shard that has just died. */
  async #replaced({ shard, delayMs }: ShardExit): Promise<void> {
    const diedAt = performance.now();
    await nextTurn();
    await until(() => this.#engine.shards.some((running) => running.shard === shard));
    const client = await this.#openDespiteDeaths();
    this.slowestMs = Math.max(this.slowestMs, performance.now() - diedAt - delayMs);
    await client[Symbol.asyncDispose]();
  }
}

if (import.meta.main) {
  const [shards = 10, rounds = 6] = process.argv.slice(2).map(Number);
  const alone = await runDeaths(1, WAYS.length);
  console.log('a replacement took a connection, the delay of the backoff aside, within');
  console.log(`${Math.round(alone.slowestMs)} ms where the only shard dies`);
  const report = await runDeaths(shards, rounds);
  console.log(`${Math.round(report.slowestMs)} ms where ${shards} die at once`);
  console.table(report.rounds);
  console.log(`${report.deaths} deaths`);
  assert.ok(alone.slowestMs < MOST_ALONE, `that is not within ${MOST_ALONE} ms`);
  const [first, last] = [report.rounds[0], report.rounds.at(-1)] as [Resources, Resources];
  for (const name of COUNTED) assert.ok(last[name] <= first[name], `${name} are left over`);
  assert.ok(last.rss <= first.rss * MOST_GROWTH, 'the RSS has grown');
}
