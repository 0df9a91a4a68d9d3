import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import {
  CompressedMessage,
  maxCompressedBytes,
} from '../../../src/workers/read/compressed-message.ts';
import { inflateBeginning, inflateMessage } from '../../../src/workers/read/inflate.ts';
import { deflated } from '../../conformance/compressed-cases.ts';

const MIB = 2 ** 20;

/** The most that `run` had allocated in buffers at a time, as far as they come from Buffer. */
function allocatedBy(run: () => unknown): number {
  const { allocUnsafe, allocUnsafeSlow, concat } = Buffer;
  let sum = 0;
  const counting =
    <Args extends unknown[]>(make: (...args: Args) => Buffer) =>
    (...args: Args): Buffer => {
      const made = make.apply(Buffer, args);
      sum += made.length;
      return made;
    };
  Object.assign(Buffer, {
    allocUnsafe: counting(allocUnsafe),
    allocUnsafeSlow: counting(allocUnsafeSlow),
    concat: counting(concat),
  });
  try {
    run();
  } finally {
    Object.assign(Buffer, { allocUnsafe, allocUnsafeSlow, concat });
  }
  return sum;
}

test('a bomb is refused before it has taken more than maxMessageSize and a chunk', () => {
  const bomb = deflated(Buffer.alloc(64 * MIB));
  for (const maxMessageSize of [1, 1024, 65_536, MIB]) {
    let outcome: unknown;
    const allocated = allocatedBy(() => {
      outcome = inflateMessage(bomb, maxMessageSize);
    });
    assert.equal((outcome as { closeCode: number }).closeCode, 1009);
    const slack = bomb.length + 2 * 16_384 + 64;
    assert.ok(allocated <= maxMessageSize + slack, `${allocated} of ${maxMessageSize}`);
  }
});

test('a message of maxMessageSize is whole, one byte more is too large', () => {
  for (const bytes of [1, 63, 64, 65, 16_383, 16_384, 16_385, 100_000]) {
    const payload = deflated(Buffer.alloc(bytes, 'ab'));
    assert.deepEqual(inflateMessage(payload, bytes), Buffer.alloc(bytes, 'ab'));
    assert.equal('closeCode' in inflateMessage(payload, bytes + 1), false);
    if (bytes === 1) continue;
    assert.equal((inflateMessage(payload, bytes - 1) as { closeCode: number }).closeCode, 1009);
  }
});

test('each cut of a compressed message is refused, and none throws', () => {
  const payload = deflated('To be, or not to be: that is the question. To be.');
  for (let end = 1; end < payload.length; end++) {
    const cut = inflateMessage(payload.subarray(0, end), 1024);
    assert.deepEqual((cut as { closeCode?: number }).closeCode, 1007, `at ${end}`);
  }
});

test('what has come of a message is inflated as far as it goes', () => {
  const payload = deflated('abc'.repeat(1000));
  const beginning = inflateBeginning(payload.subarray(0, -3), 4096);
  assert.match(String(beginning), /^abcabc/);
  assert.deepEqual(inflateBeginning(Buffer.alloc(0), 10), Buffer.alloc(0));
  assert.equal((inflateBeginning(payload, 2999) as { closeCode: number }).closeCode, 1009);
});

test('streams one behind the other are bounded in number', () => {
  const stream = deflateRawSync('a');
  const outcome = (count: number) =>
    inflateMessage(Buffer.concat(new Array<Buffer>(count).fill(stream)), 1024);
  assert.equal(String(outcome(4)), 'a'.repeat(4));
  assert.equal((outcome(5) as { closeCode: number }).closeCode, 1007);
});

test('a compressed message is looked at again when it has grown by a quarter', () => {
  const message = new CompressedMessage(true, true, 1000);
  const stored = deflateRawSync(Buffer.alloc(100, 'x'), { level: 0 });
  assert.equal(message.check(stored.subarray(0, 40)), undefined);
  assert.equal(message.check(Buffer.alloc(49, 0x07)), undefined, 'not yet');
  assert.equal(message.check(Buffer.alloc(50, 0x07))?.closeCode, 1007);
});

test('what may come compressed is more than any compressor makes of maxMessageSize', () => {
  for (const bytes of [1, 100, 1024, 65_536, MIB]) {
    const noise = Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * i * 7919) >> 5));
    for (const options of [{ level: 0 }, { memLevel: 1 }, { level: 0, memLevel: 1 }, {}]) {
      assert.ok(deflated(noise, options).length <= maxCompressedBytes(bytes, 0), `${bytes}`);
    }
  }
});
