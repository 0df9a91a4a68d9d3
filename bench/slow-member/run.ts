// Whether a member that does not read delays the others: see ../README.md.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Latencies } from '../../src/load/latencies.ts';
import { machine } from '../report/machine.ts';
import { medianOf } from '../report/median-of.ts';
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
  const latencies = new Latencies();
  const members: Member[] = [];
  while (members.length < MEMBERS - 1) {
    members.push(await Member.open(port, `/${mode}`, latencies));
  }
  const lastPath = `/${mode}${stalls ? '?stalls' : ''}`;
  const last = await Member.open(port, lastPath, new Latencies()); // it is not judged
  // Another one fills it: behind that much the sender's messages would be late by themselves.
  const [sender, filler] = members as [Member, Member];
  if (stalls) {
    last.stall();
    if (mode !== 'close') await fill(filler);
  }
  for (let i = 0; i < WARM_UP; i++) {
    sender.say(MESSAGE_BYTES);
    await after(EVERY_MS);
  }
  await allHave(members, WARM_UP);
  latencies.reset();
  for (let i = 0; i < MESSAGES; i++) {
    sender.say(MESSAGE_BYTES);
    // Before the run it would be closed too soon: here it falls behind in the middle of it.
    if (stalls && mode === 'close' && i > MESSAGES / 2 && sender.reports.length === 0) {
      for (let bytes = 0; bytes < BURST_BYTES; bytes += FILL_BYTES) filler.sayToStalled(FILL_BYTES);
    }
    await after(EVERY_MS);
  }
  await allHave(members, WARM_UP + MESSAGES);
  const { p50 = 0, p99 = 0 } = latencies.summary() ?? {};
  const stalled = stalls ? await fateOf(last, sender) : '';
  await Promise.all([...members, last].map((member) => member.close()));
  return { p50, p99, stalled };
}

/** Waits until each has so many messages: the late ones are those that matter. */
async function allHave(members: readonly Member[], count: number): Promise<void> {
  while (members.some(({ received }) => received < count)) {
    if (members.some(({ isClosed }) => isClosed)) throw new Error('a member was closed that reads');
    await after(EVERY_MS);
  }
}

/** Sends to the member that does not read until its server says that it is behind. */
async function fill(filler: Member): Promise<void> {
  for (let bytes = 0; bytes < MOST_FILL_BYTES; bytes += FILL_BYTES) {
    if (filler.reports.some((report) => report.startsWith('behind'))) return;
    filler.sayToStalled(FILL_BYTES);
    await after(1);
  }
  throw new Error('it does not fall behind');
}

async function fateOf(last: Member, sender: Member): Promise<string> {
  last.resume();
  for (let i = 0; i < 1000 && !sender.reports.some(isEnd) && !last.isClosed; i++) {
    await after(EVERY_MS);
  }
  return sender.reports.filter(isEnd).join(', ') || 'nothing is known of it';
}

function isEnd(report: string): boolean {
  return !report.startsWith('behind');
}

function middle(runs: readonly Figures[], figure: 'p50' | 'p99'): number {
  return medianOf(runs, (each) => each[figure])?.[figure] ?? Number.NaN;
}

async function startServer(): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(fileURLToPath(new URL('./server.ts', import.meta.url)));
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}

const ms = (value: number) => Number(value.toFixed(2));

console.log(
  `Node.js ${process.version}, ${machine()}: ` +
    `${MEMBERS} members on 2 shards, ${MESSAGE_BYTES} B every ${EVERY_MS} ms, ${MESSAGES} times; ` +
    `medians of ${RUNS} runs each, in turns`,
);
const { child, port } = await startServer();
const rows = [];
let allHold = true;
for (const mode of MODES) {
  const reading: Figures[] = [];
  const stalling: Figures[] = [];
  for (let i = 0; i < RUNS; i++) {
    reading.push(await run(port, mode, false));
    stalling.push(await run(port, mode, true));
    console.log(`${mode}, run ${i + 1} of ${RUNS}: ${stalling.at(-1)?.stalled}`);
  }
  const without = middle(reading, 'p99');
  const withOne = middle(stalling, 'p99');
  const holds = withOne <= BOUND * without;
  allHold &&= holds;
  rows.push({
    slowConsumer: mode,
    'p50, all read': ms(middle(reading, 'p50')),
    'p50, one does not': ms(middle(stalling, 'p50')),
    'p99, all read': ms(without),
    'p99, one does not': ms(withOne),
    ratio: ms(withOne / without),
    [`at most ${BOUND}`]: holds,
  });
}
child.disconnect();
await once(child, 'exit');
console.table(rows);
process.exitCode = allHold ? 0 : 1;
