import type { Measurement } from '../load/job.ts';
import { type Results, resultOf } from './results.ts';

/** One thing that must hold, as it was measured. */
export interface Bar {
  readonly title: string;
  /** What was measured, and against what. */
  readonly measured: string;
  readonly atMost: string;
  readonly holds: boolean;
  readonly aim: string;
  /** Undefined where no aim is set. */
  readonly reached: boolean | undefined;
}

const MAIN = 'fanring-2-shard';

type Read = (scenario: string, system: string) => Measurement | undefined;

const cpu = ({ cpu: µs }: Measurement) => µs;
const figure = (value: number) => value.toPrecision(3);

/** A bar on server CPU: a share of what ws uses, and an aim of what Bun does. */
function cpuBar(
  read: Read,
  title: string,
  scenario: string,
  share: number,
  bunShare: number,
): Bar[] {
  const own = read(scenario, MAIN);
  const ws = read(scenario, 'ws');
  const bun = read(scenario, 'bun');
  if (own === undefined || ws === undefined) return [];
  const text = share < 0.1 ? `1/${Math.round(1 / share)}` : String(share);
  const beside = bun === undefined ? '' : `, ${figure(cpu(own) / cpu(bun))} × Bun`;
  return [
    {
      title,
      measured: `${figure(cpu(own))} µs: ${figure(cpu(own) / cpu(ws))} × ws${beside}`,
      atMost: `${text} × ws`,
      holds: cpu(own) <= share * cpu(ws),
      aim: `${bunShare} × Bun`,
      reached: bun && cpu(own) <= bunShare * cpu(bun),
    },
  ];
}

function openBar(read: Read): Bar[] {
  const own = read('open', MAIN);
  const ws = read('open', 'ws');
  if (own === undefined || ws === undefined) return [];
  const measured = `${figure(cpu(own))} µs: ${figure(cpu(own) / cpu(ws))} × ws`;
  const holds = cpu(own) <= 1.2 * cpu(ws);
  const reached = cpu(own) < cpu(ws);
  return [
    { title: 'opening a connection', measured, atMost: '1.2 × ws', holds, aim: '1 × ws', reached },
  ];
}

function idleBar(read: Read): Bar[] {
  const own = read('idle', MAIN)?.kbPerConnection;
  const ws = read('idle', 'ws')?.kbPerConnection;
  if (own === undefined || ws === undefined) return [];
  const measured = `${figure(own)} KB: ${figure(own / ws)} × ws`;
  const title = '10,000 idle connections, KB each';
  return [{ title, measured, atMost: '1 × ws', holds: own <= ws, aim: '4 KB', reached: own <= 4 }];
}

function primaryBars(read: Read): Bar[] {
  const scenario = 'broadcast-500-64-32';
  const own = read(scenario, MAIN);
  const closures = read(scenario, 'fanring-2-primary');
  if (own === undefined) return [];
  const share: Bar = {
    title: `the primary thread's share of the CPU, ${own.count.toLocaleString('en')} deliveries`,
    measured: `${own.primaryShare.toFixed(2)} %`,
    atMost: '2 %',
    holds: own.primaryShare <= 2,
    aim: '0.5 %',
    reached: own.primaryShare <= 0.5,
  };
  if (closures === undefined) return [share];
  const ratio = cpu(closures) / cpu(own);
  const twice: Bar = {
    title: 'the same work with closures on the primary',
    measured: `${figure(cpu(closures))} µs: ${figure(ratio)} × handlers in shards`,
    atMost: '2 × handlers in shards',
    holds: ratio <= 2,
    aim: '',
    reached: undefined,
  };
  return [share, twice];
}

/** The bars that the results allow to check; each is of 2 shards with handlers in them. */
export function checkBars({ rows, wastedRecords }: Results): Bar[] {
  const read: Read = (scenario, system) => resultOf(rows, scenario, system);
  return [
    ...cpuBar(read, 'broadcast to 500, 32 in flight', 'broadcast-500-64-32', 1 / 15, 1),
    ...cpuBar(read, 'broadcast to 500, 1 in flight', 'broadcast-500-64-1', 0.75, 1),
    ...cpuBar(read, 'echo, 100 connections, 1 in flight', 'echo-1', 0.7, 1.3),
    ...cpuBar(read, 'echo, 100 connections, 16 in flight', 'echo-16', 0.5, 1),
    ...openBar(read),
    ...idleBar(read),
    ...primaryBars(read),
    {
      title: '1000 rooms of 10: records read by shards that have no member',
      measured: `${wastedRecords.toFixed(2)} %`,
      atMost: '5 %',
      holds: wastedRecords <= 5,
      aim: '0 %',
      reached: wastedRecords === 0,
    },
  ];
}
