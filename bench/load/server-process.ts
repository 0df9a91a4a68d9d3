import { readFileSync } from 'node:fs';

const MICROSECONDS_PER_TICK = 10_000; // USER_HZ is 100 on every Linux that Node.js runs on

/** What a process has used so far. */
export interface Usage {
  /** User and system, all threads, µs; to 10 ms. */
  readonly cpu: number;
  /** Of its first thread, µs. */
  readonly primary: number;
  /** Resident memory, KiB. */
  readonly rss: number;
}

/** Reads what a process has used, from /proc: Linux only. */
export function readUsage(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [, rss] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return {
    cpu: (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_PER_TICK,
    primary: primaryThread(pid),
    rss: Number(rss),
  };
}

function primaryThread(pid: number): number {
  const [ns = '0'] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'latin1').split(' ');
  return Number(ns) / 1000;
}
