import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '../../../src/shared/api/errors.ts';
import { Doorbell } from '../../../src/shared/ring/doorbell.ts';
import { Mailbox } from '../../../src/shared/ring/mailbox.ts';
import { allocateRing } from '../../../src/shared/ring/ring-layout.ts';

const COUNT = 3;
const RING_BYTES = 1024;
const MAX_OUTBOX_BYTES = 5000;
const PATTERN = Buffer.from(Array.from({ length: 8192 }, (_, i) => (i * 37 + (i >> 8)) & 255));

type Step =
  | { do: 'send' | 'sendAlways'; who: number; to: number[]; offset: number; length: number }
  | { do: 'drain' | 'flush' | 'sleep'; who: number };

const who = fc.nat(COUNT - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('send' as const, 'send' as const, 'sendAlways' as const),
      who,
      to: fc.subarray([0, 1, 2], { minLength: 1 }),
      offset: fc.nat(4000),
      length: fc.oneof(fc.nat(60), fc.nat(300), fc.nat(4 * RING_BYTES)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('drain', 'flush', 'sleep'), who }),
  },
);

/** Every mailbox joined to every other; each link is checked against an array. */
class Network {
  readonly mailboxes: Mailbox[];
  // What has been sent and not yet delivered: from → to → records.
  readonly #expected: Buffer[][][];

  constructor() {
    const each = <T>(make: (i: number) => T): T[] =>
      Array.from({ length: COUNT }, (_, i) => make(i));
    this.#expected = each(() => each(() => []));
    const doorbells = each(() => Doorbell.allocate());
    const rings = each(() => each(() => allocateRing(RING_BYTES)));
    const at = <T>(table: T[][], row: number, column: number) => table[row]?.[column] as T;
    this.mailboxes = each(
      (me) =>
        new Mailbox({
          doorbell: doorbells[me] as SharedArrayBuffer,
          maxOutboxBytes: MAX_OUTBOX_BYTES,
          onRecord: (record, start, end, from) => {
            const expected = at(this.#expected, from, me).shift();
            assert.deepEqual(Buffer.from(record.subarray(start, end)), expected);
          },
          onError: (error) => {
            throw error;
          },
          onWake: () => {},
        }),
    );
    for (const [me, mailbox] of this.mailboxes.entries()) {
      for (const [peer, doorbell] of doorbells.entries()) {
        if (peer === me) continue;
        const [inbound, outbound] = [at(rings, peer, me), at(rings, me, peer)];
        mailbox.connect(peer, { inbound, outbound, doorbell });
      }
    }
  }

  run(now: Step): void {
    const mailbox = this.mailboxes[now.who] as Mailbox;
    if (now.do === 'send' || now.do === 'sendAlways') this.#send(mailbox, now);
    else if (now.do === 'sleep') mailbox.sleep();
    else mailbox[now.do]();
  }

  /** Drains and flushes until nothing moves, then nothing may be left. */
  settle(): void {
    let hasMoved = true;
    while (hasMoved) {
      for (const mailbox of this.mailboxes) mailbox.flush();
      hasMoved = this.mailboxes.map((mailbox) => mailbox.drain()).includes(true);
    }
    assert.deepEqual(this.#expected.flat(2), []);
    for (const mailbox of this.mailboxes) {
      assert.equal(mailbox.sleep(), true);
      mailbox.close();
    }
  }

  #send(mailbox: Mailbox, now: Extract<Step, { to: number[] }>): void {
    const record = PATTERN.subarray(now.offset, now.offset + now.length);
    const peers = now.to.filter((peer) => peer !== now.who);
    try {
      if (now.do === 'send') mailbox.send(now.to, record);
      else for (const peer of peers) mailbox.sendAlways(peer, record);
    } catch (error) {
      assert.ok(error instanceof EngineError && error.code === 'ERR_OUTBOX_FULL');
      assert.ok(peers.some((peer) => mailbox.isCongested(peer)));
      return;
    }
    for (const peer of peers) this.#expected[now.who]?.[peer]?.push(record);
  }
}

test('mailboxes deliver what arrays of records would, in whatever order they are driven', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const network = new Network();
      for (const now of steps) network.run(now);
      network.settle();
    }),
    { numRuns: 200 },
  );
});
