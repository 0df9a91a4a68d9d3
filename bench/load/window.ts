import type { Measurement } from './job.ts';
import { readUsage, type Usage } from './server-process.ts';

/** What a server and this driver use from its making on. */
export class Window {
  readonly #pid: number;
  readonly #began: number;
  readonly #usage: Usage;
  readonly #own: NodeJS.CpuUsage;

  constructor(pid: number) {
    this.#pid = pid;
    this.#usage = readUsage(pid);
    this.#own = process.cpuUsage();
    this.#began = performance.now();
  }

  /** ms since it was made. */
  get elapsed(): number {
    return performance.now() - this.#began;
  }

  /** Closes the window: what was used for `count` of whatever is counted. */
  end(
    count: number,
  ): Pick<Measurement, 'count' | 'perSecond' | 'cpu' | 'primaryShare' | 'rss' | 'driver'> {
    const { elapsed } = this;
    const own = process.cpuUsage(this.#own);
    const { cpu, primary, rss } = readUsage(this.#pid);
    const used = cpu - this.#usage.cpu;
    return {
      count,
      perSecond: (count / elapsed) * 1000,
      cpu: used / count,
      primaryShare: (100 * (primary - this.#usage.primary)) / used,
      rss: rss / 1024,
      driver: (own.user + own.system) / elapsed / 10,
    };
  }
}
