import { parentPort, workerData } from 'node:worker_threads';
import { EngineError } from '../../src/shared/api/errors.ts';
import { Mailbox } from '../../src/shared/ring/mailbox.ts';
import { PATTERN, RecordStream } from './record-stream.ts';

/** What the test gives each thread: `rings[a][b]` is what a writes and b reads. */
export interface StressData {
  me: number;
  records: number;
  rings: SharedArrayBuffer[][];
  doorbells: SharedArrayBuffer[];
}

/** What a thread reports when it has sent and received everything. */
export interface StressReport {
  received: number;
  sleeps: number;
  wakes: number;
  refusals: number;
}

const SENDS_PER_TICK = 256;

const { me, records, rings, doorbells } = workerData as StressData;
const threads = doorbells.length;
const report: StressReport = { received: 0, sleeps: 0, wakes: 0, refusals: 0 };
const everyoneElse = doorbells.map((_, thread) => thread).filter((thread) => thread !== me);

/** Checks that what one sender sends comes in order and as it was sent. */
class Inbox {
  readonly #from: number;
  readonly #expected: RecordStream;
  #left = records;

  constructor(from: number) {
    this.#from = from;
    this.#expected = new RecordStream(from, threads);
    this.#skipOthers();
  }

  get isComplete(): boolean {
    return this.#left === 0;
  }

  take(record: Buffer, start: number, end: number): void {
    const expected = this.#expected;
    if (
      this.isComplete ||
      record.compare(PATTERN, expected.start, expected.end, start, end) !== 0
    ) {
      throw new Error(
        `thread ${me}: wrong record from ${this.#from}, ${this.#left} before its last`,
      );
    }
    report.received += 1;
    this.#left -= 1;
    this.#skipOthers();
  }

  #skipOthers(): void {
    for (; this.#left > 0; this.#left--) {
      this.#expected.next();
      const { receiver } = this.#expected;
      if (receiver === undefined || receiver === me) return;
    }
  }
}

const inboxes = doorbells.map((_, from) => (from === me ? undefined : new Inbox(from)));

const mailbox = new Mailbox({
  doorbell: doorbells[me] as SharedArrayBuffer,
  maxOutboxBytes: 128 * 1024,
  onRecord: (record, start, end, from) => inboxes[from]?.take(record, start, end),
  onError: (error) => {
    throw error;
  },
  onWake: () => {
    report.wakes += 1;
    schedule();
  },
});

for (const peer of everyoneElse) {
  mailbox.connect(peer, {
    inbound: rings[peer]?.[me] as SharedArrayBuffer,
    outbound: rings[me]?.[peer] as SharedArrayBuffer,
    doorbell: doorbells[peer] as SharedArrayBuffer,
  });
}

const outgoing = new RecordStream(me, threads);
outgoing.next();
let unsent = records;

/** Sends until the tick has done its share or an outbox is full; false = full. */
function sendSome(): boolean {
  for (let i = 0; i < SENDS_PER_TICK && unsent > 0; i++) {
    const { receiver, start, end } = outgoing;
    const peers = receiver === undefined ? everyoneElse : [receiver];
    try {
      mailbox.send(peers, PATTERN.subarray(start, end));
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      report.refusals += 1;
      return false;
    }
    unsent -= 1;
    outgoing.next();
  }
  return true;
}

function isDone(): boolean {
  return (
    unsent === 0 &&
    !everyoneElse.some((peer) => mailbox.isCongested(peer)) &&
    inboxes.every((inbox) => inbox?.isComplete ?? true)
  );
}

let isScheduled = false;
let isReported = false;

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(tick);
}

function tick(): void {
  isScheduled = false;
  mailbox.awake();
  mailbox.drain();
  mailbox.flush();
  const hasMore = sendSome() && unsent > 0;
  if (isDone() && !isReported) {
    isReported = true;
    parentPort?.postMessage(report);
  }
  if (hasMore || !mailbox.sleep()) {
    schedule();
    return;
  }
  report.sleeps += 1;
  // Now and then something other than a ring ends the sleep, as a socket would.
  if (report.sleeps % 8 === 0) schedule();
}

// Waits for the word to stop; until then this keeps the thread alive, as a doorbell does not.
parentPort?.once('message', () => mailbox.close());
schedule();
