import { Crowd } from './crowd.ts';
import { EngineLink, type Sample } from './engine-link.ts';
import { type FaultCounts, Faults } from './faults.ts';
import { Model } from './model.ts';
import type { ModelCounts } from './model-counts.ts';
import { Random } from './random.ts';
import type { Violations } from './violations.ts';

/** How a soak runs. */
export interface SoakOptions {
  readonly seed: number;
  readonly shards: number;
  /** How many clients there are, for all servers together. */
  readonly connections: number;
  /** Steps of the crowd in a second. */
  readonly rate: number;
  /** It ends after so many steps. */
  readonly steps: number;
  /** Milliseconds between the deaths of shards. */
  readonly killEveryMs: number;
  /** Gets a line now and then. */
  readonly onProgress: (line: string) => void;
}

/** What the engine's process used, and when: milliseconds from the beginning. */
interface TimedSample extends Sample {
  readonly at: number;
}

/** What a soak has found. */
export interface SoakResult {
  readonly options: SoakOptions;
  readonly ms: number;
  readonly counts: ModelCounts;
  readonly faults: FaultCounts;
  readonly samples: readonly TimedSample[];
  /** When shards have died: milliseconds from the beginning. */
  readonly deaths: readonly number[];
  readonly violations: Violations;
}

const TICK_MS = 10;
const PROGRESS_MS = 10_000;
/** How long a message may take, to the slowest reader, before it counts as lost. */
const JUDGE_MS = 20_000;
const SETTLE_MS = 30_000;
const MAX_SAMPLES = 400;

/** A soak under way. */
class Soak {
  readonly #options: SoakOptions;
  readonly #link: EngineLink;
  readonly #model = new Model();
  readonly #faults = new Faults(this.#model.violations);
  readonly #samples: TimedSample[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  #start = 0;

  constructor(options: SoakOptions) {
    this.#options = options;
    this.#link = new EngineLink(options.shards);
  }

  async run(): Promise<SoakResult> {
    const { port } = await this.#link.next('listening');
    this.#start = performance.now();
    const { connections, seed } = this.#options;
    const stage = { model: this.#model, faults: this.#faults, link: this.#link };
    const crowd = new Crowd({ ...stage, random: new Random(seed), port, connections });
    this.#listen(crowd);
    this.#watch(crowd);
    const ended = this.#link.next('ended');
    try {
      await Promise.race([this.#drive(crowd), ended]);
      crowd.resume();
      // Of these only their end says that nothing is under way any more.
      await crowd.end((client) => client.facts.isLossy);
      await this.#settle();
      await crowd.end();
      this.#link.tell({ kind: 'sample' });
      this.#link.tell({ kind: 'end' });
      await ended;
      this.#faults.judge(Number.POSITIVE_INFINITY);
      this.#faults.judgeDrops();
    } finally {
      for (const timer of this.#timers) clearInterval(timer);
      const code = await this.#link.exited(10_000);
      if (code !== 0) this.#model.violations.add('error', `the engine's process ended: ${code}`);
    }
    return this.#result();
  }

  #listen(crowd: Crowd): void {
    const { violations } = this.#model;
    this.#link.on('did', ({ id, done }) => this.#model.did(id, done));
    this.#link.on('exit', ({ shard, reason }) => {
      this.#faults.died(shard, reason);
      crowd.died(shard);
    });
    this.#link.on('fault', ({ code, detail }) => this.#faults.reported(code, detail));
    this.#link.on('dropped', ({ id, count }) => this.#faults.dropped(id, count));
    this.#link.on('sample', ({ rss, heap, descriptors, connections }) => {
      const at = performance.now() - this.#start;
      this.#samples.push({ at, rss, heap, descriptors, connections });
    });
    this.#link.on('ended', ({ wrongEnds, untold }) => {
      if (wrongEnds > 0)
        violations.add('ends', `${wrongEnds} ends of nothing, or for the 2nd time`);
      if (untold > 0) violations.add('ends', `${untold} ends of which nobody was told`);
    });
  }

  #every(ms: number, fn: () => void): void {
    this.#timers.push(setInterval(fn, ms));
  }

  /** Judges, samples and tells as the time goes. */
  #watch(crowd: Crowd): void {
    const { rate, steps, killEveryMs } = this.#options;
    const clocks: { at: number; now: number }[] = [];
    this.#every(1000, () => {
      const at = performance.now();
      clocks.push({ at, now: this.#model.now });
      while ((clocks[0]?.at ?? at) < at - JUDGE_MS) this.#model.judge(clocks.shift()?.now ?? 0);
      this.#faults.judge(at);
    });
    const wholeMs = (steps / rate) * 1000;
    const sample = () => this.#link.tell({ kind: 'sample' });
    sample();
    this.#every(Math.max(200, wholeMs / MAX_SAMPLES), sample);
    this.#every(PROGRESS_MS, () => this.#options.onProgress(this.#progress(crowd)));
    this.#every(killEveryMs, () => crowd.kill());
  }

  #progress({ steps }: Crowd): string {
    const { deliveries, connections } = this.#model.counts;
    const rss = ((this.#samples.at(-1)?.rss ?? 0) / 2 ** 20).toFixed(0);
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(0);
    const { deaths } = this.#faults.counts;
    return (
      `${seconds} s: ${steps} steps, ${connections} connections, ${deliveries} deliveries, ` +
      `${deaths} deaths, RSS ${rss} MB, ${this.#model.violations.total} violations`
    );
  }

  /** Takes the steps, at their rate; a machine that is behind takes fewer of them in a second. */
  async #drive(crowd: Crowd): Promise<void> {
    const { rate, steps } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const most = Math.ceil((rate * TICK_MS * 4) / 1000);
    let last = performance.now();
    let owed = 0;
    this.#every(TICK_MS, () => {
      const now = performance.now();
      owed = Math.min(most, owed + ((now - last) * rate) / 1000);
      last = now;
      for (; owed >= 1 && crowd.steps < steps; owed--) crowd.step();
      if (crowd.steps >= steps) resolve();
    });
    await promise;
  }

  /** Resolves when everything has arrived that must, or when that takes too long. */
  async #settle(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const deadline = performance.now() + SETTLE_MS;
    this.#every(50, () => {
      const isSettled = this.#model.isSettled && !this.#faults.isDying;
      if (isSettled || performance.now() > deadline) resolve();
    });
    await promise;
    this.#model.judgeOpenings();
    this.#model.judge(this.#model.now);
  }

  #result(): SoakResult {
    return {
      options: this.#options,
      ms: performance.now() - this.#start,
      counts: this.#model.counts,
      faults: this.#faults.counts,
      samples: this.#samples,
      deaths: this.#faults.deaths.map(({ at }) => at - this.#start),
      violations: this.#model.violations,
    };
  }
}

/** Soaks an engine; resolves with what was found when it is over. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  return new Soak(options).run();
}
