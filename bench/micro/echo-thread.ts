// The other side of a round trip between two threads: sends every record back.
import { parentPort, workerData } from 'node:worker_threads';
import { Mailbox } from '../../src/shared/ring/mailbox.ts';
import { TickLoop } from '../../src/shared/ring/tick-loop.ts';
import type { EchoLink } from './round-trip.ts';

const { inbound, outbound, own, other }: EchoLink = workerData;
const mailbox: Mailbox = new Mailbox({
  doorbell: own,
  maxOutboxBytes: 2 ** 16,
  onRecord: (record, start, end) => mailbox.send([1], new Uint8Array(record.subarray(start, end))),
  onError: (error) => {
    throw error;
  },
  onWake: () => loop.schedule(),
});
const loop = new TickLoop(mailbox, () => {});
mailbox.connect(1, { inbound, outbound, doorbell: other });
loop.schedule();
// Nothing in a mailbox keeps a thread alive: this does, until the other side ends it.
parentPort?.on('message', () => process.exit());
parentPort?.postMessage('ready');
