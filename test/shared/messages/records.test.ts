import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError, serializeError } from '../../../src/shared/api/errors.ts';
import { MAX_NAME_BYTES } from '../../../src/shared/api/room-name.ts';
import { buildFrame } from '../../../src/shared/codec/frame.ts';
import { RecordView } from '../../../src/shared/messages/record-view.ts';
import {
  encodeCloseRecord,
  encodeErrorRecord,
  encodeFrameRecord,
  encodeRecord,
  encodeSeveralRecord,
  RecordKind,
} from '../../../src/shared/messages/records.ts';
import { viewOf } from './view-of.ts';

const header = fc.record({
  kind: fc.constantFrom(...Object.values(RecordKind)),
  server: fc.nat(2 ** 32 - 1),
  connection: fc.nat(Number.MAX_SAFE_INTEGER),
  name: fc.string({ unit: 'binary' }),
  codec: fc.nat(255),
});

/** A record where a ring would have it: in the middle of other bytes. */
function inARing(record: Buffer) {
  const ring = Buffer.concat([Buffer.alloc(13, 0xee), record, Buffer.alloc(9, 0xee)]);
  return { ring, view: new RecordView().at(ring, 13, 13 + record.length, 5) };
}

test('a record is laid out as it is drawn', () => {
  const record = encodeRecord(
    { kind: RecordKind.MESSAGE, server: 0x01020304, connection: 5, name: 'né', isBinary: true },
    Buffer.from('body'),
  );
  assert.equal(
    record.toString('hex'),
    ['14', '01', '0300', '04030201', '0000000000001440', '6ec3a9', '626f6479'].join(''),
  );
});

test('no two kinds of record have one number, and none is more than a byte', () => {
  const kinds = Object.values(RecordKind);
  assert.deepEqual([...new Set(kinds)], kinds);
  assert.ok(Math.max(...kinds) <= 0xff);
});

test('what was put into a header comes out of it', () => {
  fc.assert(
    fc.property(header, fc.uint8Array(), (fields, body) => {
      const { view } = inARing(encodeRecord(fields, body));
      assert.equal(view.kind, fields.kind);
      assert.equal(view.codec, fields.codec);
      assert.equal(view.server, fields.server);
      assert.equal(view.connection, fields.connection);
      assert.equal(view.name, Buffer.from(fields.name).toString());
      assert.equal(view.from, 5);
      assert.deepEqual(view.copyBody(), Buffer.from(body));
    }),
  );
});

test('what is left out of a header is nothing', () => {
  const { view } = inARing(encodeRecord({ kind: RecordKind.CONNECTED, server: 1 }));
  assert.deepEqual([view.codec, view.isBinary, view.connection, view.name], [0, false, 0, '']);
  assert.equal(view.copyBody().length, 0);
});

test('a body that has been copied does not change when the ring does', () => {
  const record = encodeRecord({ kind: RecordKind.SEND, server: 1 }, Buffer.from('body'));
  const { ring, view } = inARing(record);
  const body = view.copyBody();
  ring.fill(0);
  assert.equal(body.toString(), 'body');
});

test('the body of a message that is sent is its frame', () => {
  for (const message of ['', 'text ✓', 'x'.repeat(70_000), Buffer.from([0, 255])]) {
    for (const name of ['', 'a room ✓']) {
      const fields = { kind: RecordKind.PUBLISH, server: 3, connection: 4, name, codec: 0 };
      const { view } = inARing(encodeFrameRecord(fields, message));
      assert.deepEqual(view.copyFrame(), buildFrame(message));
      assert.deepEqual([view.name, view.server], [name, 3]);
    }
  }
});

test('the body of a disconnection is its code and its reason', () => {
  const fields = { kind: RecordKind.DISCONNECT, server: 1, connection: 2 };
  for (const [code, reason] of [
    [1000, ''],
    [4999, 'bye ✓'],
  ] as const) {
    const { view } = inARing(encodeCloseRecord(fields, code, reason));
    assert.deepEqual(view.close(), { code, reason });
  }
});

test('the body of an error is all of it that crosses a thread', () => {
  const broken = new EngineError('ERR_PROTOCOL', 'broken ✓', { closeCode: 1002 });
  const error = serializeError(broken);
  const fields = { kind: RecordKind.ERROR, server: 1, connection: 2 };
  const { view } = inARing(encodeErrorRecord(fields, error));
  assert.deepEqual(view.json(), error);
  assert.match(view.text(), /broken ✓/);
});

test('a name has as many bytes as its field can say, and no more', () => {
  const fields = { kind: RecordKind.JOIN, server: 1 };
  const longest = 'x'.repeat(MAX_NAME_BYTES);
  assert.equal(viewOf(encodeRecord({ ...fields, name: longest })).name, longest);
  assert.throws(() => encodeRecord({ ...fields, name: `${longest}x` }), /fits its length field/);
});

test('a message for several rooms has their names in front of its frame', () => {
  const several = { rooms: ['red', 'é😀'], except: ['ann'] };
  const fields = { kind: RecordKind.PUBLISH_SEVERAL, server: 3, codec: 1, connection: 7 };
  const { view } = inARing(encodeSeveralRecord(fields, several, 'hello'));
  assert.deepEqual([view.several, view.copyFrame()], [several, buildFrame('hello')]);
  assert.deepEqual([view.codec, view.connection], [1, 7]);
});

test('one view looks at one record after another', () => {
  const view = new RecordView();
  const records = ['red', 'a longer name'].map((name, at) =>
    encodeRecord({ kind: RecordKind.JOIN, server: at, connection: at, name, codec: at }),
  );
  for (const [at, record] of records.entries()) {
    view.at(record, 0, record.length, at);
    assert.deepEqual([view.server, view.codec, view.from], [at, at, at]);
    assert.equal(view.name, ['red', 'a longer name'][at]);
  }
});
