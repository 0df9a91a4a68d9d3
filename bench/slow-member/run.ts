// Whether a member that does not read delays the others: see ../README.md.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, cpus } from 'node:os';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Member } from './member.ts';

const MEMBERS = 500;
const MESSAGE_BYTES = 1024;
const EVERY_MS = 10;
const MESSAGES = 200;
const WARM_UP = 40;
const RUNS = 3;
/** What the kernel and maxBufferedBytes may take for a member before it is behind. */
const MOST_FILL_BYTES = 64 * 2 ** 20;
const FILL_BYTES = 32 * 2 ** 10;
const BURST_BYTES = 2 ** 19;
const BOUND = 1.5;

const MODES = ['close', 'drop', 'latest'] as const;
type Mode = (typeof MODES)[number];

interface Figures {
  readonly p50: number;
  readonly p99: number;
  /** What has become of the member that does not read. */
  readonly stalled: string;
}

/** One run: the room's figures with a member more, which reads as the others do or not at all. */
async function run(port: number, mode: Mode, stalls: boolean): Promise<Figures> {
  const members: Member[] = [];
  while (members.length < MEMBERS - 1) members.push(await Member.open(port, `/${mode}`));
  const last = await Member.open(port, `/${mode}${stalls ? '?stalls' : ''}`);
  const [sender] = members as [Member];
  if (stalls) {
    last.socket.pause();
    if (mode !== 'close') await fill(sender);
  }
  for (let i = 0; i < WARM_UP + MESSAGES; i++) {
    if (i === WARM_UP) for (const member of members) member.latencies.length = 0;
    sender.say(MESSAGE_BYTES);
    // Before the run it would be closed too soon: here it falls behind in the middle of it.
    if (stalls && mode === 'close' && i > WARM_UP + MESSAGES / 2 && sender.reports.length === 0) {
      for (let bytes = 0; bytes < BURST_BYTES; bytes += FILL_BYTES) sender.sayToStalled(FILL_BYTES);
    }
    await after(EVERY_MS);
  }
  while (sender.latencies.length < MESSAGES) await after(EVERY_MS);
  const latencies = members.flatMap((member) => member.latencies).sort((a, b) => a - b);
  const at = (part: number) => latencies[Math.floor(part * (latencies.length - 1))] as number;
  const stalled = stalls ? await fateOf(last, sender) : '';
  await Promise.all([...members, last].map((member) => member.close()));
  return { p50: at(0.5), p99: at(0.99), stalled };
}

/** Sends to the member that does not read until its server says that it is behind. */
async function fill(sender: Member): Promise<void> {
  for (let bytes = 0; bytes < MOST_FILL_BYTES; bytes += FILL_BYTES) {
    if (sender.reports.some((report) => report.startsWith('behind'))) return;
    sender.sayToStalled(FILL_BYTES);
    await after(1);
  }
  throw new Error('it does not fall behind');
}

async function fateOf(last: Member, sender: Member): Promise<string> {
  last.socket.resume();
  for (let i = 0; i < 1000 && !sender.reports.some(isEnd) && !last.isClosed; i++) {
    await after(EVERY_MS);
  }
  return sender.reports.filter(isEnd).join(', ') || 'nothing is known of it';
}

function isEnd(report: string): boolean {
  return !report.startsWith('behind');
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

async function startServer(): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(fileURLToPath(new URL('./server.ts', import.meta.url)));
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}

const ms = (value: number) => Number(value.toFixed(2));

console.log(
  `Node.js ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model.trim()}): ` +
    `${MEMBERS} members on 2 shards, ${MESSAGE_BYTES} B every ${EVERY_MS} ms, ${MESSAGES} times; ` +
    `medians of ${RUNS} runs each, in turns`,
);
const { child, port } = await startServer();
const rows = [];
for (const mode of MODES) {
  const reading: Figures[] = [];
  const stalling: Figures[] = [];
  for (let i = 0; i < RUNS; i++) {
    reading.push(await run(port, mode, false));
    stalling.push(await run(port, mode, true));
    console.log(`${mode}, run ${i + 1} of ${RUNS}: ${stalling.at(-1)?.stalled}`);
  }
  const without = median(reading.map(({ p99 }) => p99));
  const withOne = median(stalling.map(({ p99 }) => p99));
  rows.push({
    slowConsumer: mode,
    'p50, all read': ms(median(reading.map(({ p50 }) => p50))),
    'p50, one does not': ms(median(stalling.map(({ p50 }) => p50))),
    'p99, all read': ms(without),
    'p99, one does not': ms(withOne),
    ratio: ms(withOne / without),
    [`at most ${BOUND}`]: withOne <= BOUND * without,
  });
}
child.disconnect();
await once(child, 'exit');
console.table(rows);
process.exitCode = rows.every(({ ratio }) => ratio <= BOUND) ? 0 : 1;
