import { strict as assert } from 'node:assert';
import { beforeEach, test } from 'node:test';
import { All, NotMe, type Target } from '../../../src/shared/api/targets.ts';
import type { Codec } from '../../../src/shared/codec/codec.ts';
import { buildFrame } from '../../../src/shared/codec/frame.ts';
import { RecordKind } from '../../../src/shared/messages/records.ts';
import type { RoutedRecord } from '../../../src/shared/ring/tick-loop.ts';
import { type Selection, selectionOf } from '../../../src/shared/spread/selection.ts';
import type { SpreadServer } from '../../../src/shared/spread/spread-server.ts';
import { viewOf } from '../messages/view-of.ts';
import { openSpread, SERVER } from './open-spread.ts';

const TEXT = 0;
const MSGPACK = 1;

let opened: ReturnType<typeof openSpread>;
let server: SpreadServer;
let encoded: string[];
/** Whom this thread has. */
let here: (codec: number, room: string) => boolean;
let delivered: unknown[][];

beforeEach(() => {
  encoded = [];
  delivered = [];
  here = () => false;
  const select = (codec: number, { room }: Selection) => (here(codec, room) ? room : undefined);
  const deliver = (chosen: unknown, frame: Buffer, label: string) =>
    delivered.push([chosen, Buffer.from(frame), label]);
  opened = openSpread({ local: { select, deliver } });
  server = opened.server;
});

const encode = (codec: Codec) => {
  encoded.push(codec.name);
  return codec.encode('chat', 'hello');
};

function publish(target: Target): RoutedRecord[] {
  server.publish(selectionOf(target, 7), encode);
  return opened.sent.splice(0);
}

const peersAndCodec = ({ peers, record }: RoutedRecord) => [peers, viewOf(record).codec];

test('what nobody wants is not even encoded', () => {
  opened.join(1, TEXT, 'blue');
  assert.deepEqual(publish('red'), []);
  assert.deepEqual(encoded, []);
});

test('an emit is encoded once for each codec that somebody speaks, whatever their number', () => {
  for (const shard of [1, 2]) for (let i = 0; i < 3; i++) opened.join(shard, MSGPACK, 'red');
  assert.deepEqual(publish('red').map(peersAndCodec), [[[1, 2], MSGPACK]]);
  assert.deepEqual(encoded, ['msgpack']);
  opened.join(2, TEXT, 'red');
  assert.deepEqual(publish('red').map(peersAndCodec), [
    [[2], TEXT],
    [[1, 2], MSGPACK],
  ]);
  assert.deepEqual(encoded, ['msgpack', 'text', 'msgpack']);
});

test('members of this thread alone have it encoded, for no peer', () => {
  here = (codec, room) => codec === TEXT && room === 'red';
  assert.deepEqual(publish('red').map(peersAndCodec), [[[], TEXT]]);
  assert.deepEqual(encoded, ['text']);
  assert.deepEqual(delivered, [['red', buildFrame('>chat;0;hello'), 'red']]);
});

test('a message that cannot be sent is delivered to nobody, and not counted', () => {
  here = () => true;
  opened.fails.with = new Error('full');
  assert.throws(() => publish('red'), { message: 'full' });
  assert.deepEqual([delivered, opened.counters.emitted], [[], 0]);
  delete opened.fails.with;
  publish('red');
  assert.equal(opened.counters.emitted, 1);
});

test('a record has the frame, the room, and whom it leaves out', () => {
  here = (codec) => codec === TEXT;
  for (const [target, room, except] of [
    ['red', 'red', 0],
    [All, '', 0],
    [NotMe, '', 7],
  ] as const) {
    const [{ record }] = publish(target) as [RoutedRecord];
    const view = viewOf(record);
    assert.deepEqual(
      [view.kind, view.server, view.name, view.connection],
      [RecordKind.PUBLISH, SERVER, room, except],
    );
    assert.deepEqual(view.copyFrame(), buildFrame('>chat;0;hello'));
  }
});
