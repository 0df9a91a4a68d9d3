import { strict as assert } from 'node:assert';
import { beforeEach, test } from 'node:test';
import { All, NotMe, type Target } from '../../../src/shared/api/targets.ts';
import type { Codec } from '../../../src/shared/codec/codec.ts';
import { createCodecs } from '../../../src/shared/codec/codecs.ts';
import { buildFrame } from '../../../src/shared/codec/frame.ts';
import { type RoutedRecord, routePublish } from '../../../src/shared/emit/routing.ts';
import { selectionOf } from '../../../src/shared/emit/selection.ts';
import type { ServerScope } from '../../../src/shared/emit/target-emitter.ts';
import {
  connectionOf,
  copyBody,
  flagOf,
  kindOf,
  nameOf,
  RecordKind,
  serverOf,
} from '../../../src/shared/messages/records.ts';
import {
  InterestMap,
  InterestTable,
  interestKey,
} from '../../../src/shared/tables/interest-table.ts';

const SERVER = 3;
const TEXT = 0;
const MSGPACK = 1;
const codecs = createCodecs({ codec: 'negotiate', eventPrefix: '>', maxEventNameBytes: 16 });
const scope = { number: SERVER, codecs } as unknown as ServerScope;

let interest: InterestMap;
let encoded: string[];

beforeEach(() => {
  interest = new InterestMap();
  for (const shard of [1, 2]) interest.set(shard, InterestTable.allocate());
  encoded = [];
});

function join(shard: number, codec: number, room: string): void {
  interest.of(shard)?.add(interestKey(SERVER, codec, room));
}

const encode = (codec: Codec) => {
  encoded.push(codec.name);
  return codec.encode('chat', 'hello');
};

function route(target: Target, here: (codec: number, room: string) => boolean = () => false) {
  return routePublish(scope, interest, selectionOf(target, 7), encode, (codec, { room }) =>
    here(codec, room),
  );
}

const peersAndCodec = ({ peers, record }: RoutedRecord) => [peers, flagOf(record, 0)];

test('what nobody wants is not even encoded', () => {
  join(1, TEXT, 'blue');
  assert.deepEqual(route('red'), []);
  assert.deepEqual(encoded, []);
});

test('an emit is encoded once for each codec that somebody speaks, whatever their number', () => {
  for (const shard of [1, 2]) for (let i = 0; i < 3; i++) join(shard, MSGPACK, 'red');
  assert.deepEqual(route('red').map(peersAndCodec), [[[1, 2], MSGPACK]]);
  assert.deepEqual(encoded, ['msgpack']);
  join(2, TEXT, 'red');
  assert.deepEqual(route('red').map(peersAndCodec), [
    [[2], TEXT],
    [[1, 2], MSGPACK],
  ]);
  assert.deepEqual(encoded, ['msgpack', 'text', 'msgpack']);
});

test('members of this thread alone have it encoded, for no peer', () => {
  const records = route('red', (codec, room) => codec === TEXT && room === 'red');
  assert.deepEqual(records.map(peersAndCodec), [[[], TEXT]]);
  assert.deepEqual(encoded, ['text']);
});

test('a record has the frame, the room, and whom it leaves out', () => {
  for (const [target, room, except] of [
    ['red', 'red', 0],
    [All, '', 0],
    [NotMe, '', 7],
  ] as const) {
    const [{ record }] = route(target, (codec) => codec === TEXT) as [RoutedRecord];
    assert.deepEqual(
      [kindOf(record, 0), serverOf(record, 0), nameOf(record, 0), connectionOf(record, 0)],
      [RecordKind.PUBLISH, SERVER, room, except],
    );
    assert.deepEqual(copyBody(record, 0, record.length), buildFrame('>chat;0;hello'));
  }
});
