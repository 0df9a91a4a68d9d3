import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { buildFrame } from '../../../src/shared/codec/frame.ts';
import type { ServerOptions } from '../../../src/shared/options/server-options.ts';
import type { ServerWebSocket } from '../../../src/workers/connection/web-socket.ts';
import { text } from '../../conformance/client-frames.ts';
import { connect } from './logged-connection.ts';

/** An end of a connection that opens. */
type Ending = readonly [
  by: string,
  options: ServerOptions,
  end: (connection: ServerWebSocket) => void,
  conclusion: string,
  closeFrame: string,
  isOver: boolean,
];

test('nothing leaves, and nothing is read, before the handlers know of it', () => {
  const { connection, fanOut, since } = connect();
  connection.read(text('early'));
  connection.send('hello');
  fanOut.flush();
  assert.deepEqual(since(), []);
  connection.open();
  assert.deepEqual(since(), ['write 101\x81\x05hello', 'resume', 'message early']);
});

for (const [what, options, end, conclusion, closeFrame, isOver] of [
  ['a handler', {}, (c) => c.disconnect(4001, 'go'), '4001 go', '\x88\x04\x0f\xa1go', false],
  ['the server', {}, (c) => c.disconnect(1001, ''), '1001 ', '\x88\x02\x03\xe9', false],
  ['the end of its side', {}, (c) => c.socketEnded(), '1006 ', '', true],
  [
    'too much for it',
    { maxBufferedBytes: 2 ** 26 },
    (c) => {
      for (let i = 0; i < 2; i++) c.sendFrame(Buffer.alloc(2 ** 26));
    },
    '1013 slow consumer',
    `${'\0'.repeat(2 ** 26)}\x88\x0f\x03\xf5slow consumer`,
    true,
  ],
] as const satisfies Ending[]) {
  test(`the 101 of a connection that ${what} ends while it opens waits for its handlers`, () => {
    const { connection, fanOut, since } = connect(options);
    connection.send('hello');
    end(connection);
    fanOut.flush();
    connection.sweep(performance.now() + 9_000);
    fanOut.flush();
    const ended = since().filter((happened) => !happened.startsWith('ERR_'));
    assert.deepEqual(ended, [`conclude ${conclusion}`]);
    connection.open();
    const [written, ...rest] = since();
    // No diff of so many bytes.
    assert.ok(written === `write 101\x81\x05hello${closeFrame}`, String(written?.slice(0, 100)));
    assert.deepEqual(rest, isOver ? ['end', 'resume'] : ['resume']);
  });
}

test('what handlers elsewhere said before they knew of an early end goes behind the 101', () => {
  const { connection, fanOut, since } = connect({}, 'elsewhere');
  connection.socketEnded();
  connection.sendFrame(buildFrame('hello'));
  fanOut.flush();
  assert.deepEqual(since(), ['conclude 1006 ']);
  connection.open();
  assert.deepEqual(since(), ['write 101\x81\x05hello', 'resume']);
  connection.concluded();
  assert.deepEqual(since(), ['end']);
});

test('an early end at once leaves no 101 behind', () => {
  const { connection, fanOut, since } = connect();
  connection.disconnect(4001, '');
  connection.terminate();
  connection.open();
  fanOut.flush();
  assert.deepEqual(since(), ['conclude 4001 ', 'destroy', 'resume']);
});
