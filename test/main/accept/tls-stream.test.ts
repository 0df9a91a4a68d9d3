import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import { PlainTurns } from '../../../src/main/accept/plain-turns.ts';
import { TlsStream } from '../../../src/main/accept/tls-stream.ts';
import type { ShardHost } from '../../../src/main/shards/shard-host.ts';
import type { ToShard } from '../../../src/shared/messages/control-messages.ts';

const KIB = 2 ** 10;
const CLIENT = { remoteAddress: '127.0.0.1', remotePort: 1, remoteFamily: 'IPv4' };

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
  const stream = new TlsStream(host, 1, CLIENT, new PlainTurns());
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

/** Streams that get a chunk each in one turn, and the turns in which each is read and ends. */
async function readInTurns(count: number, read: () => void) {
  let turn = 0;
  let timer = setImmediate(function next() {
    turn += 1;
    timer = setImmediate(next);
  });
  const turns = new PlainTurns();
  const host = { post: () => {} } as unknown as ShardHost;
  const seen: { readonly read: number[]; readonly ended: number[] } = { read: [], ended: [] };
  const streams = Array.from({ length: count }, () => new TlsStream(host, 1, CLIENT, turns));
  const closed = streams.map(async (stream) => {
    stream.on('data', () => {
      seen.read.push(turn);
      read();
    });
    stream.on('end', () => seen.ended.push(turn));
    await once(stream.end(), 'close');
  });
  await new Promise(setImmediate); // they flow
  for (const stream of streams) stream.receive({ is: 'data', bytes: Buffer.from('x') });
  for (const stream of streams) stream.receive({ is: 'end' });
  await Promise.all(closed);
  clearImmediate(timer);
  return seen;
}

test('bytes that take long to parse are parsed in several turns, before the end', async () => {
  const { read, ended } = await readInTurns(9, () => {
    const end = performance.now() + 6;
    while (performance.now() < end);
  });
  assert.equal(read.length, 9);
  assert.equal(ended.length, 9);
  const most = Math.max(...read.map((turn) => read.filter((other) => other === turn).length));
  assert.ok(most <= 2, `${most} in one turn`);
});
