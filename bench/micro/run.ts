// What one message costs in each step of the data plane, on one thread: see ../README.md.
import { Bench, type TaskResultCompleted } from 'tinybench';
import { machine } from '../report/machine.ts';
import { batchingSteps } from './batching-steps.ts';
import { codecSteps } from './codec-steps.ts';
import { controls } from './controls.ts';
import { frameSteps } from './frame-steps.ts';
import { mailboxSteps } from './mailbox-steps.ts';
import { measureRoundTrips } from './round-trip.ts';
import { schemaSteps } from './schema-steps.ts';
import { PAYLOAD, type Step } from './step.ts';

const OPERATIONS = 1000; // in one sample, at least, so that the clock's own cost does not count
const WARM_UP_MS = 200;
const MEASURED_MS = 500;

const steps = [
  ...controls,
  ...codecSteps,
  ...schemaSteps,
  ...frameSteps,
  ...mailboxSteps,
  ...batchingSteps,
];

/** Where results go, so that no compiler may leave out the work. */
const sink: { result?: unknown } = {};

const operations = new Map<string, number>();
const bench = new Bench({ warmupTime: WARM_UP_MS, time: MEASURED_MS, throws: true });

function add({ name, each = 1, run }: Step): void {
  const calls = Math.ceil(OPERATIONS / each);
  operations.set(name, calls * each);
  bench.add(name, () => {
    for (let i = 0; i < calls; i++) sink.result = run();
  });
}

for (const step of steps) add(step);
await bench.run();

console.log(
  `Node.js ${process.version}, ${machine()}\n` +
    `payload of ${PAYLOAD.length} B, warm-up ${WARM_UP_MS} ms, ns of wall-clock time for each\n`,
);
console.log('| step | p50 | p99 |\n| --- | ---: | ---: |');
for (const { name, result } of bench.tasks) {
  const { p50, p99 } = (result as TaskResultCompleted).latency;
  const nanoseconds = (ms: number) => ((ms * 1e6) / (operations.get(name) ?? 1)).toFixed(1);
  console.log(`| ${name} | ${nanoseconds(p50)} | ${nanoseconds(p99)} |`);
}
const { p50, p99 } = await measureRoundTrips();
const whole = (ns: number) => Math.round(ns).toLocaleString('en');
console.log(`| doorbell: a record to a sleeping thread and back | ${whole(p50)} | ${whole(p99)} |`);
