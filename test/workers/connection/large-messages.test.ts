import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { ReadTurns } from '../../../src/workers/read/read-turns.ts';
import { text } from '../../conformance/client-frames.ts';
import { open } from './logged-connection.ts';

type Opened = ReturnType<typeof open>;

test('who sends large messages waits where the turn has taken its time, and who does not is read', () => {
  let now = 0;
  let scheduled = 0;
  const reads = new ReadTurns(
    () => {
      scheduled += 1;
    },
    () => {},
    () => now,
  );
  const large = text('x'.repeat(20_000));
  const options = { maxMessageSize: 2 ** 20 };
  const [first, second, small] = [1, 2, 3].map(() => open(options, 'here', reads)) as [
    Opened,
    Opened,
    Opened,
  ];
  const log: string[] = [];
  const take = () => {
    for (const [name, { since }] of Object.entries({ first, second, small })) {
      for (const what of since()) log.push(`${name} ${what.slice(0, 9)}`);
    }
    return log.splice(0);
  };
  const read = ({ connection }: Opened, frame: Buffer, ms: number) => {
    connection.read(Buffer.from(frame));
    now += ms;
  };
  reads.end(); // the handlers have been told of them in the turn before
  read(first, large, 40);
  read(second, large, 0);
  read(small, text('m'), 0);
  assert.deepEqual(take(), ['first message x', 'second pause', 'small message m']);
  assert.equal(scheduled, 1);
  assert.equal(reads.end(), false);
  assert.deepEqual(take(), ['second message x', 'second resume']);
  // Its last message was large, however few bytes came of it at once.
  for (let at = 0; at < large.length; at += 10_000) read(small, large.subarray(at, at + 10_000), 0);
  read(second, large, 40);
  reads.end();
  take();
  read(first, large, 40);
  read(small, text('m'), 0);
  assert.deepEqual(take(), ['first message x', 'small pause']);
  reads.end();
  assert.deepEqual(take(), ['small message m', 'small resume']);
  reads.end();
  read(first, large, 40);
  read(small, text('m'), 0);
  assert.deepEqual(take(), ['first message x', 'small message m']);
});
