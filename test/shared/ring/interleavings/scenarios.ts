import { Mailbox } from '../../../../src/shared/ring/mailbox.ts';
import { NOTIFIED_WORD } from './stepped-atomics.ts';
import type { ThreadIndex } from './turns.ts';

/** The memory that two threads share: a ring for each to write, a doorbell for each to be woken. */
export interface SharedParts {
  rings: [SharedArrayBuffer, SharedArrayBuffer];
  doorbells: [SharedArrayBuffer, SharedArrayBuffer];
}

const STOP = new Error('one record is enough');

/** One of two threads, in one schedule. */
export class Participant {
  readonly mailbox: Mailbox;
  readonly received: Buffer[] = [];
  isAsleep = false;
  #hasBeenTold = false;
  #isStoppedByRecord = false;
  // What the modelled waiter runs once it is notified.
  onNotified: (() => void) | undefined;
  readonly #doorbell: Int32Array<SharedArrayBuffer>;
  readonly #peer: ThreadIndex;
  #sent = 0;

  constructor(me: ThreadIndex, { rings, doorbells }: SharedParts) {
    const peer = me === 0 ? 1 : 0;
    this.#peer = peer;
    this.#doorbell = new Int32Array(doorbells[me]);
    this.mailbox = new Mailbox({
      doorbell: doorbells[me],
      maxOutboxBytes: 1 << 20,
      onRecord: (record, start, end) => {
        this.received.push(Buffer.from(record.subarray(start, end)));
        if (this.#isStoppedByRecord) throw STOP;
      },
      onError: (error) => {
        throw error;
      },
      onWake: () => {
        this.isAsleep = false;
      },
      onRead: () => {
        this.#hasBeenTold = true;
      },
    });
    const link = { inbound: rings[peer], outbound: rings[me], doorbell: doorbells[peer] };
    this.mailbox.connect(peer, link);
  }

  /** Sends a record that no other of this participant equals. */
  send(bytes: number): void {
    this.#sent += 1;
    this.mailbox.send([this.#peer], Buffer.alloc(bytes, this.#sent));
  }

  /** Makes room for one record only. */
  drainOne(): void {
    this.#isStoppedByRecord = true;
    try {
      this.mailbox.drain();
    } catch (error) {
      if (error !== STOP) throw error;
    }
    this.#isStoppedByRecord = false;
  }

  /** Waits for the peer to read all that has been written. */
  awaitRead(): void {
    this.mailbox.awaitRead(this.#peer, this.mailbox.writtenTo(this.#peer));
  }

  sleep(): void {
    this.isAsleep = this.mailbox.sleep();
  }

  awake(): void {
    this.mailbox.awake();
    this.isAsleep = false;
  }

  /** Runs the promise of a waiter that has been notified, as the event loop would. */
  runNotified(): void {
    if (this.#doorbell[NOTIFIED_WORD] === 0) return;
    this.#doorbell[NOTIFIED_WORD] = 0;
    this.onNotified?.();
  }

  /** Sends until a record waits for room. */
  fillRing(bytes: number): void {
    while (!this.mailbox.isCongested(this.#peer)) this.send(bytes);
  }

  /**
   * Does what is left to do, once both programs have ended.
   *
   * @throws Error if there is something although this thread sleeps and nobody has woken it
   */
  settle(): void {
    const sleepsUnwoken = this.isAsleep && this.#doorbell[NOTIFIED_WORD] === 0;
    const hasRead = this.mailbox.drain();
    const wasCongested = this.mailbox.isCongested(this.#peer);
    this.#hasBeenTold = false;
    this.mailbox.flush();
    const hasBeenTold = this.#hasBeenTold;
    const hasMoved = wasCongested && !this.mailbox.isCongested(this.#peer);
    if (!sleepsUnwoken) return;
    if (hasRead) throw new Error('sleeps although a record is unread');
    if (hasMoved) throw new Error('sleeps although there is room');
    if (hasBeenTold) throw new Error('sleeps although all has been read');
  }

  /** @throws Error if the records are not those that the other's `send` made, in order */
  checkReceived(sizes: readonly number[]): void {
    const sound = this.received.every(
      (record, index) => record.length === sizes[index] && record.every((b) => b === index + 1),
    );
    if (sound && this.received.length === sizes.length) return;
    const got = this.received.map((record) => `${record.length} × ${record[0]}`).join(', ');
    throw new Error(`received ${got || 'nothing'} instead of ${sizes.join(', ')} B`);
  }
}

type Program = (participant: Participant) => void;

/** Two programs, one for each thread; thread 0 must receive records of these sizes. */
export interface Scenario {
  title: string;
  /** What the threads do first, one after the other and undisturbed. */
  setups: [reader: Program, sender: Program];
  programs: [reader: Program, sender: Program];
  sizes: number[];
}

const nothing: Program = () => {};

const drainAndSleep: Program = (reader) => {
  reader.mailbox.drain();
  reader.sleep();
};

const sendTwo: Program = (sender) => {
  sender.send(20);
  sender.send(30);
};

/** With rings of 1 KiB, whose pieces are 120 B at most. Thread 0 never sends. */
export const SCENARIOS: Scenario[] = [
  {
    title: 'a reader falls asleep while a record arrives',
    setups: [nothing, nothing],
    programs: [drainAndSleep, (sender) => sender.send(20)],
    sizes: [20],
  },
  {
    title: 'a reader falls asleep while two records arrive',
    setups: [nothing, nothing],
    programs: [drainAndSleep, sendTwo],
    sizes: [20, 30],
  },
  {
    title: 'a reader falls asleep while a record arrives in pieces',
    setups: [nothing, nothing],
    programs: [drainAndSleep, (sender) => sender.send(300)],
    sizes: [300],
  },
  {
    title: 'a reader woken by something else falls asleep again with the waiter it has',
    setups: [(reader) => reader.sleep(), nothing],
    programs: [
      (reader) => {
        reader.awake();
        drainAndSleep(reader);
        reader.runNotified();
      },
      sendTwo,
    ],
    sizes: [20, 30],
  },
  {
    title: 'a reader woken by something else falls asleep again after a late notification',
    setups: [(reader) => reader.sleep(), nothing],
    programs: [
      (reader) => {
        reader.awake();
        reader.runNotified();
        drainAndSleep(reader);
      },
      sendTwo,
    ],
    sizes: [20, 30],
  },
  {
    title: 'a writer that waits for room falls asleep while the reader makes just enough',
    setups: [nothing, (sender) => sender.fillRing(120)],
    programs: [
      (reader) => reader.drainOne(),
      (sender) => {
        sender.mailbox.flush();
        sender.sleep();
      },
    ],
    sizes: Array(9).fill(120),
  },
  {
    title: 'a writer that has asked for room falls asleep again while the reader makes just enough',
    setups: [
      nothing,
      (sender) => {
        sender.fillRing(120);
        sender.sleep();
      },
    ],
    programs: [
      (reader) => reader.drainOne(),
      (sender) => {
        sender.awake();
        sender.sleep();
      },
    ],
    sizes: Array(9).fill(120),
  },
  {
    title: 'a writer that waits until all is read falls asleep while the reader reads',
    setups: [nothing, sendTwo],
    programs: [
      (reader) => reader.mailbox.drain(),
      (sender) => {
        sender.awaitRead();
        sender.mailbox.flush();
        sender.sleep();
      },
    ],
    sizes: [20, 30],
  },
  {
    title: 'a writer that waits until all is read falls asleep again while the reader reads',
    setups: [
      nothing,
      (sender) => {
        sendTwo(sender);
        sender.awaitRead();
        sender.sleep();
      },
    ],
    programs: [
      (reader) => {
        reader.drainOne();
        reader.mailbox.drain();
      },
      (sender) => {
        sender.awake();
        sender.mailbox.flush();
        sender.sleep();
      },
    ],
    sizes: [20, 30],
  },
];
