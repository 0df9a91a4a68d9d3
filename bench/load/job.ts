import type { Scenario } from '../scenarios/scenario.ts';
import type { DialectName } from './dialect.ts';

/** How long things take, in ms. */
export interface Timing {
  readonly warmUp: number;
  readonly measured: number;
  /** Between opening idle connections and reading how much memory they take. */
  readonly settle: number;
}

/** What the driver is told to do; it answers with a {@link Measurement}. */
export interface Job {
  readonly load: Scenario['load'];
  readonly dialect: DialectName;
  readonly port: number;
  readonly pid: number;
  readonly timing: Timing;
}

/** One run of one scenario against one server. */
export interface Measurement {
  /** Deliveries, or connections opened. */
  readonly count: number;
  readonly perSecond: number;
  /** Server CPU, µs for each. */
  readonly cpu: number;
  /** Percent of the server's CPU that its first thread used. */
  readonly primaryShare: number;
  /** Latency in ms, where messages are sent. */
  readonly p50?: number;
  readonly p99?: number;
  /** MiB at the end. */
  readonly rss: number;
  /** KiB that the server grew by for each connection; nothing where they are not held. */
  readonly kbPerConnection?: number;
  /** Server CPU for each connection that was closed, µs. */
  readonly cpuPerClose?: number;
  /** Percent of one core that the driver used: near 100 it was the bottleneck. */
  readonly driver: number;
}
