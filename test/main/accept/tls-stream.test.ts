import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { TlsStream } from '../../../src/main/accept/tls-stream.ts';
import type { ShardHost } from '../../../src/main/shards/shard-host.ts';
import type { ToShard } from '../../../src/shared/messages/control-messages.ts';

const KIB = 2 ** 10;

/** Writes chunks in one go, and returns what goes to the shard at a time. */
async function written(sizes: readonly number[]): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  let unanswered = 0;
  const post = (message: ToShard) => {
    assert.ok(message.type === 'tls' && message.command.do === 'write');
    pieces.push(message.command.bytes);
    unanswered += 1;
    assert.equal(unanswered, 1, 'one piece at a time');
    setImmediate(() => {
      unanswered -= 1;
      stream.receive({ is: 'written' });
    });
  };
  const host = { post } as unknown as ShardHost;
  const client = { remoteAddress: '127.0.0.1', remotePort: 1, remoteFamily: 'IPv4' };
  const stream = new TlsStream(host, 1, client);
  stream.cork();
  const all = sizes.map(
    (size, at) =>
      new Promise<void>((resolve) => stream.write(Buffer.alloc(size, at + 1), () => resolve())),
  );
  stream.uncork();
  await Promise.all(all);
  const sent = Buffer.concat(pieces);
  assert.ok(sent.equals(Buffer.concat(sizes.map((size, at) => Buffer.alloc(size, at + 1)))));
  return pieces;
}

test('small chunks go to the shard together', async () => {
  const pieces = await written([100, 200, 300]);
  assert.deepEqual(
    pieces.map(({ length }) => length),
    [600],
  );
});

test('an answer goes to the shard in pieces, each when the one before is written', async () => {
  for (const sizes of [[1024 * KIB + 1], [200, 700 * KIB], [700 * KIB, 200], many(10, 60 * KIB)]) {
    const pieces = await written(sizes);
    assert.ok(pieces.length > 1);
    for (const { length } of pieces) assert.ok(length <= 256 * KIB, `${length} bytes`);
  }
});

test('pieces are not small without need', async () => {
  assert.equal((await written(many(100, 8 * KIB))).length, 4);
});

function many(count: number, size: number): number[] {
  return Array.from({ length: count }, () => size);
}
