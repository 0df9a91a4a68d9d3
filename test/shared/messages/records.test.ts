import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError, serializeError } from '../../../src/shared/api/errors.ts';
import { buildFrame } from '../../../src/shared/codec/frame.ts';
import {
  bodyStartOf,
  closeOf,
  connectionOf,
  copyBody,
  encodeCloseRecord,
  encodeErrorRecord,
  encodeFrameRecord,
  encodeRecord,
  errorOf,
  flagOf,
  kindOf,
  MAX_NAME_BYTES,
  nameOf,
  RecordKind,
  serverOf,
  textBodyOf,
} from '../../../src/shared/messages/records.ts';

const header = fc.record({
  kind: fc.constantFrom(...Object.values(RecordKind)),
  server: fc.nat(2 ** 32 - 1),
  connection: fc.nat(Number.MAX_SAFE_INTEGER),
  name: fc.string({ unit: 'binary' }),
  flag: fc.nat(255),
});

/** A record where a ring would have it: in the middle of other bytes. */
function inARing(record: Buffer) {
  const ring = Buffer.concat([Buffer.alloc(13, 0xee), record, Buffer.alloc(9, 0xee)]);
  return { ring, start: 13, end: 13 + record.length };
}

test('a record is laid out as it is drawn', () => {
  const record = encodeRecord(
    { kind: RecordKind.MESSAGE, server: 0x01020304, connection: 5, name: 'né', flag: 1 },
    Buffer.from('body'),
  );
  assert.equal(
    record.toString('hex'),
    ['11', '01', '0300', '04030201', '0000000000001440', '6ec3a9', '626f6479'].join(''),
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
      const { ring, start, end } = inARing(encodeRecord(fields, body));
      assert.equal(kindOf(ring, start), fields.kind);
      assert.equal(flagOf(ring, start), fields.flag);
      assert.equal(serverOf(ring, start), fields.server);
      assert.equal(connectionOf(ring, start), fields.connection);
      assert.equal(nameOf(ring, start), Buffer.from(fields.name).toString());
      assert.deepEqual(copyBody(ring, start, end), Buffer.from(body));
    }),
  );
});

test('what is left out of a header is nothing', () => {
  const { ring, start, end } = inARing(encodeRecord({ kind: RecordKind.CONNECTED, server: 1 }));
  assert.deepEqual(
    [flagOf(ring, start), connectionOf(ring, start), nameOf(ring, start)],
    [0, 0, ''],
  );
  assert.equal(bodyStartOf(ring, start), end);
});

test('a body that has been copied does not change when the ring does', () => {
  const record = encodeRecord({ kind: RecordKind.SEND, server: 1 }, Buffer.from('body'));
  const { ring, start, end } = inARing(record);
  const body = copyBody(ring, start, end);
  ring.fill(0);
  assert.equal(body.toString(), 'body');
});

test('the body of a message that is sent is its frame', () => {
  for (const message of ['', 'text ✓', 'x'.repeat(70_000), Buffer.from([0, 255])]) {
    for (const name of ['', 'a room ✓']) {
      const fields = { kind: RecordKind.PUBLISH, server: 3, connection: 4, name, flag: 0 };
      const { ring, start, end } = inARing(encodeFrameRecord(fields, message));
      assert.deepEqual(copyBody(ring, start, end), buildFrame(message));
      assert.deepEqual([nameOf(ring, start), serverOf(ring, start)], [name, 3]);
    }
  }
});

test('the body of a disconnection is its code and its reason', () => {
  const fields = { kind: RecordKind.DISCONNECT, server: 1, connection: 2 };
  for (const [code, reason] of [
    [1000, ''],
    [4999, 'bye ✓'],
  ] as const) {
    const { ring, start, end } = inARing(encodeCloseRecord(fields, code, reason));
    assert.deepEqual(closeOf(ring, start, end), { code, reason });
  }
});

test('the body of an error is all of it that crosses a thread', () => {
  const broken = new EngineError('ERR_PROTOCOL', 'broken ✓', { closeCode: 1002 });
  const error = serializeError(broken);
  const fields = { kind: RecordKind.ERROR, server: 1, connection: 2 };
  const { ring, start, end } = inARing(encodeErrorRecord(fields, error));
  assert.deepEqual(errorOf(ring, start, end), error);
  assert.match(textBodyOf(ring, start, end), /broken ✓/);
});

test('a name has as many bytes as its field can say, and no more', () => {
  const fields = { kind: RecordKind.JOIN, server: 1 };
  const longest = 'x'.repeat(MAX_NAME_BYTES);
  assert.equal(nameOf(encodeRecord({ ...fields, name: longest }), 0), longest);
  assert.throws(() => encodeRecord({ ...fields, name: `${longest}x` }), /fits its length field/);
});
