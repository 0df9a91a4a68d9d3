import { Doorbell } from '../../../src/shared/ring/doorbell.ts';
import {
  Mailbox,
  type MailboxLink,
  type MailboxOptions,
} from '../../../src/shared/ring/mailbox.ts';
import { allocateRing } from '../../../src/shared/ring/ring-layout.ts';

/** A mailbox that notes down all that it is told; records as `sender:text`. */
export function openMailbox(options: Partial<MailboxOptions> = {}) {
  const doorbell = Doorbell.allocate();
  const received: string[] = [];
  const errors: unknown[] = [];
  const drained: number[] = [];
  let onWake = () => {};
  const mailbox = new Mailbox({
    doorbell,
    maxOutboxBytes: 10_000,
    onRecord: (record, start, end, from) => {
      received.push(`${from}:${record.toString('latin1', start, end)}`);
    },
    onError: (error) => errors.push(error),
    onWake: () => onWake(),
    onDrained: (peer) => drained.push(peer),
    ...options,
  });
  const woken = () =>
    new Promise<void>((resolve) => {
      onWake = resolve;
    });
  return { mailbox, doorbell, received, errors, drained, woken };
}

export type OpenMailbox = ReturnType<typeof openMailbox>;

/** Joins two mailboxes by rings of 1 KiB, whose pieces are 120 B at most. */
export function join(a: OpenMailbox, aNumber: number, b: OpenMailbox, bNumber: number): void {
  const toA = allocateRing(1024);
  const toB = allocateRing(1024);
  const linkToB: MailboxLink = { inbound: toA, outbound: toB, doorbell: b.doorbell };
  const linkToA: MailboxLink = { inbound: toB, outbound: toA, doorbell: a.doorbell };
  a.mailbox.connect(bNumber, linkToB);
  b.mailbox.connect(aNumber, linkToA);
}

/** Mailbox 1 and mailbox 2, joined. */
export function openPair(options: Partial<MailboxOptions> = {}): [OpenMailbox, OpenMailbox] {
  const pair: [OpenMailbox, OpenMailbox] = [openMailbox(options), openMailbox(options)];
  join(pair[0], 1, pair[1], 2);
  return pair;
}

/** Sends numbered records of 120 B until one waits for room, and returns all of them. */
export function congest(from: OpenMailbox, peer: number): string[] {
  const sent: string[] = [];
  while (!from.mailbox.isCongested(peer)) {
    const text = `${sent.length}`.padEnd(120, '.');
    from.mailbox.send([peer], Buffer.from(text));
    sent.push(text);
  }
  return sent;
}
