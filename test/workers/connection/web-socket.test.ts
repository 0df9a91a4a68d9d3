import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { buildFrame } from '../../../src/shared/codec/frame.ts';
import { ReadTurns } from '../../../src/workers/read/read-turns.ts';
import { close, firstText, hex, last, more, ping, text } from '../../conformance/client-frames.ts';
import { open } from './logged-connection.ts';

/** Turns in which no time passes. */
function timelessTurns(): ReadTurns {
  return new ReadTurns(
    () => {},
    () => {},
    () => 0,
  );
}

test('what is read while it is held waits for its release', () => {
  const { connection, since } = open();
  connection.hold();
  connection.read(Buffer.concat([text('one'), text('two')]));
  assert.deepEqual(since(), ['pause']);
  connection.release();
  assert.deepEqual(since(), ['resume', 'message one', 'message two']);
  assert.equal(connection.server.counters.received, 2);
});

test('a client that has sent more than its share is read on in the next turns', () => {
  const reads = timelessTurns();
  const { connection, since } = open({}, 'here', reads);
  const frames = Array.from({ length: 300 }, () => text('m'));
  connection.read(Buffer.concat([...frames, close(1000)]));
  assert.deepEqual(since(), [...Array(128).fill('message m'), 'pause']);
  assert.equal(reads.end(), false); // there is time for the rest
  const rest = since();
  assert.deepEqual(rest.slice(0, 172), [
    ...Array(128).fill('message m'),
    'pause',
    ...Array(43).fill('message m'),
  ]);
  assert.deepEqual(rest.slice(172), ['message m', 'conclude 1000 ', 'resume']);
});

test('a client that waits for its turn and has gone is not read on', () => {
  const reads = timelessTurns();
  const { connection, since } = open({}, 'here', reads);
  connection.read(Buffer.concat(Array.from({ length: 130 }, () => text('m'))));
  connection.socketClosed();
  since();
  assert.equal(reads.end(), false);
  assert.deepEqual(since(), []);
});

test('a client that waits for its turn is not read before the handlers let it', () => {
  const reads = timelessTurns();
  const { connection, since } = open({}, 'here', reads);
  connection.read(Buffer.concat(Array.from({ length: 130 }, () => text('m'))));
  connection.hold();
  since();
  reads.end();
  assert.deepEqual(since(), []);
  connection.release();
  assert.deepEqual(since(), ['resume', 'message m', 'message m']);
  connection.read(Buffer.concat(Array.from({ length: 130 }, () => text('m'))));
  connection.hold();
  since();
  connection.release();
  assert.deepEqual(since(), [], 'its turn has not come');
  reads.end();
  assert.deepEqual(since().slice(-1), ['resume']);
});

test('pings and empty fragments count for the share as messages do', () => {
  for (const frame of [ping(''), more('')]) {
    const reads = new ReadTurns(
      () => {},
      () => {},
    );
    const { connection, since } = open({ maxFragments: 1000 }, 'here', reads);
    connection.read(firstText(''));
    connection.read(Buffer.concat(Array.from({ length: 300 }, () => frame)));
    assert.equal(since().at(-1), 'pause');
  }
});

test('a ping is answered with its payload, and told', () => {
  const { connection, fanOut, since } = open();
  connection.read(ping('abc'));
  fanOut.flush();
  assert.deepEqual(since(), ['ping', 'write \x8a\x03abc']);
});

test('what would not fit into one write goes in two', () => {
  const { connection, fanOut, since } = open({ writeBufferSize: 64 });
  for (const name of ['a', 'b', 'c']) connection.send(name.repeat(28));
  fanOut.flush();
  const frame = (name: string) => `\x81\x1c${name.repeat(28)}`;
  assert.deepEqual(since(), [`write ${frame('a')}${frame('b')}`, `write ${frame('c')}`]);
});

test('a slow connection is closed with 1013 behind what it has been sent', () => {
  const { connection, transport, fanOut, since } = open({ maxBufferedBytes: 100 });
  transport.stall(60);
  connection.send('x'.repeat(38));
  assert.deepEqual(since(), []);
  connection.send('');
  connection.send('nothing more');
  assert.deepEqual(since(), ['ERR_SLOW_CONSUMER 1013', 'conclude 1013 slow consumer']);
  fanOut.flush();
  assert.deepEqual(since(), []);
  transport.drain();
  const closeFrame = '\x88\x0f\x03\xf5slow consumer';
  assert.equal(transport.received.slice(60), `\x81\x26${'x'.repeat(38)}${closeFrame}`);
  assert.deepEqual(since(), ['end']);
});

test('a slow connection whose messages are dropped is told of once, until it has caught up', () => {
  const { connection, transport, fanOut, since } = open({
    maxBufferedBytes: 9,
    slowConsumer: 'drop',
  });
  for (const round of [1, 2]) {
    transport.stall(8);
    for (let i = 0; i < 3; i++) connection.send('lost');
    assert.deepEqual(since(), ['ERR_SLOW_CONSUMER undefined'], `round ${round}`);
    transport.drain();
    transport.stalled = false;
    connection.send('heard');
    fanOut.flush();
    assert.deepEqual(since(), ['write \x81\x05heard']);
  }
});

test('one message may wait, however large', () => {
  const { connection, fanOut, since } = open({ maxBufferedBytes: 1 });
  connection.send('hello');
  connection.send('too much');
  fanOut.flush();
  assert.deepEqual(since().slice(0, 2), ['ERR_SLOW_CONSUMER 1013', 'conclude 1013 slow consumer']);
});

test('a close of the client is answered with its code, and nothing comes after it', () => {
  const { connection, fanOut, since } = open();
  connection.send('before');
  connection.read(Buffer.concat([close(4000, 'bye'), text('late')]));
  connection.send('late');
  fanOut.flush();
  assert.deepEqual(since(), ['conclude 4000 bye', 'write \x81\x06before\x88\x02\x0f\xa0', 'end']);
});

test('a violation is told, closed with its code, and ends the socket', () => {
  const { connection, fanOut, since } = open();
  connection.read(last('continues nothing'));
  fanOut.flush();
  const [error, conclusion, ...rest] = since();
  assert.equal(error, 'ERR_PROTOCOL 1002');
  assert.match(String(conclusion), /^conclude 1002 a continuation/);
  assert.deepEqual(rest, ['write \x88\x02\x03\xea', 'end']);
});

for (const [what, bytes, reason, closeFrame] of [
  ['a close', close(4000, 'bye'), '4000 bye', '\x88\x02\x0f\xa0'],
  ['a violation', hex('83'), '1002 opcode 3 is reserved', '\x88\x02\x03\xea'],
] as const) {
  test(`${what} is answered behind what handlers elsewhere say to what came before`, () => {
    const { connection, fanOut, since } = open({}, 'elsewhere');
    connection.read(Buffer.concat([text('question'), bytes]));
    connection.socketEnded();
    fanOut.flush();
    assert.deepEqual(
      since().filter((what) => !what.startsWith('ERR_')),
      ['message question', `conclude ${reason}`],
    );
    connection.send('no handler here has anything to say');
    connection.sendFrame(buildFrame('answer'));
    connection.disconnect(4001, 'too late');
    connection.concluded();
    connection.sendFrame(buildFrame('too late'));
    connection.concluded();
    fanOut.flush();
    assert.deepEqual(since(), [`write \x81\x06answer${closeFrame}`, 'end']);
  });
}

test('a close is answered after closeTimeout, whatever handlers elsewhere do', () => {
  const { connection, fanOut, since } = open({ closeTimeout: 1000 }, 'elsewhere');
  connection.read(close(4000));
  const closedAt = performance.now();
  connection.sweep(closedAt + 900);
  fanOut.flush();
  assert.deepEqual(since(), ['conclude 4000 ']);
  connection.sweep(closedAt + 1100);
  fanOut.flush();
  assert.deepEqual(since(), ['write \x88\x02\x0f\xa0', 'end']);
  connection.sweep(closedAt + 1200);
  assert.deepEqual(since(), ['destroy']);
});

test('of one that the server has closed handlers elsewhere have nothing to say', () => {
  const { connection, fanOut, since } = open({}, 'elsewhere');
  connection.disconnect(4001, 'bye');
  connection.concluded();
  connection.sendFrame(buildFrame('too late'));
  fanOut.flush();
  assert.deepEqual(since(), ['conclude 4001 bye', 'write \x88\x05\x0f\xa1bye']);
});

test('an answer that is too much for one that is about to be closed is not sent', () => {
  const { connection, transport, fanOut, since } = open({ maxBufferedBytes: 9 }, 'elsewhere');
  transport.stall(8);
  connection.read(close(1000));
  connection.sendFrame(buildFrame('answer'));
  connection.concluded();
  fanOut.flush();
  transport.drain();
  assert.equal(transport.received.slice(8), '\x88\x02\x03\xe8');
  assert.deepEqual(since(), ['conclude 1000 ', 'end']);
});

test('a connection ends once, in whatever way it ends', () => {
  const { connection, fanOut, since } = open();
  connection.disconnect(4001, 'bye');
  connection.disconnect(4002, 'again');
  fanOut.flush();
  assert.deepEqual(since(), ['conclude 4001 bye', 'write \x88\x05\x0f\xa1bye']);
  connection.read(text('nobody hears it'));
  connection.read(close(4001));
  assert.deepEqual(since(), ['end']);
  connection.socketEnded();
  connection.terminate();
  connection.socketClosed();
  connection.read(text('nobody hears it'));
  assert.deepEqual(since(), ['end', 'destroy', 'forget']);
});

test('a connection that breaks is concluded with 1006', () => {
  for (const end of ['socketEnded', 'socketClosed', 'terminate'] as const) {
    const { connection, since } = open();
    connection[end]();
    assert.equal(since()[0], 'conclude 1006 ', end);
  }
});
