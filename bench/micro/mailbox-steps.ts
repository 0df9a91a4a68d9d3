import { Doorbell } from '../../src/shared/ring/doorbell.ts';
import { Mailbox } from '../../src/shared/ring/mailbox.ts';
import { allocateRing } from '../../src/shared/ring/ring-layout.ts';
import { RingReader } from '../../src/shared/ring/ring-reader.ts';
import { RingWriter } from '../../src/shared/ring/ring-writer.ts';
import { PAYLOAD, type Step } from './step.ts';

const RING_BYTES = 2 ** 16;
const BATCH = 100;

const record = Buffer.from(PAYLOAD);
let taken: unknown;
const take = (_bytes: Buffer, start: number) => {
  taken = start;
};

function ring(): Step {
  const memory = allocateRing(RING_BYTES);
  const writer = new RingWriter(memory);
  const reader = new RingReader(memory, () => {});
  const run = () => {
    for (let i = 0; i < BATCH; i++) {
      if (!writer.tryWrite(record, 0, record.length, 0)) throw new Error('the ring is full');
    }
    return reader.read(take);
  };
  return { name: `ring: write and read, by ${BATCH}`, each: BATCH, run };
}

/** Two mailboxes of one thread: all that a record costs but the way to another core. */
function mailbox(): Step {
  const [a, b] = [Doorbell.allocate(), Doorbell.allocate()];
  const open = (doorbell: SharedArrayBuffer) =>
    new Mailbox({
      doorbell,
      maxOutboxBytes: RING_BYTES,
      onRecord: take,
      onError: (error) => {
        throw error;
      },
      onWake: () => {},
    });
  const [sender, receiver] = [open(a), open(b)];
  const [there, back] = [allocateRing(RING_BYTES), allocateRing(RING_BYTES)];
  sender.connect(2, { inbound: back, outbound: there, doorbell: b });
  receiver.connect(1, { inbound: there, outbound: back, doorbell: a });
  const to = [2];
  const run = () => {
    for (let i = 0; i < BATCH; i++) sender.send(to, record);
    return receiver.drain();
  };
  return { name: `mailbox: send and drain, by ${BATCH}`, each: BATCH, run };
}

function doorbells(): Step[] {
  const memory = Doorbell.allocate();
  const owner = new Doorbell(memory);
  const sender = new Doorbell(memory);
  const hasWork = () => false;
  const wake = () => {};
  return [
    { name: 'doorbell: wake one who is awake', run: () => sender.wake() },
    {
      name: 'doorbell: fall asleep and be woken by something else',
      run: () => {
        owner.sleep(hasWork, wake);
        owner.awake();
        return taken;
      },
    },
  ];
}

/** The way from one thread to another. */
export const mailboxSteps: readonly Step[] = [ring(), mailbox(), ...doorbells()];
