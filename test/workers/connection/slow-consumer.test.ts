import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Backpressure } from '../../../src/shared/api/public-types.ts';
import { buildFrame } from '../../../src/shared/codec/frame.ts';
import type { ServerOptions } from '../../../src/shared/options/server-options.ts';
import { close, ping } from '../../conformance/client-frames.ts';
import { connect, open } from './stalled-connection.ts';

/** A payload that with its frame fills the queue of a server which lets 1000 bytes wait. */
const FILL = 'f'.repeat(450);
const latest: ServerOptions = { slowConsumer: 'latest', maxBufferedBytes: 2000 };

test('while it is behind, of each event and room only the newest is kept', () => {
  const { publish, received, drain, fanOut, counters, told, errors } = open(latest);
  for (let i = 0; i < 2; i++) publish('fill', FILL);
  fanOut.flush();
  for (let i = 0; i < 5; i++) {
    publish('price', `red${i}`, 'red');
    publish('price', `blue${i}`, 'blue');
  }
  publish('news', 'n0', 'red');
  publish('price', 'red5', 'red');
  drain();
  assert.deepEqual(received(), [
    ...[`fill ${FILL}`, `fill ${FILL}`],
    ...['price blue4', 'news n0', 'price red5'],
  ]);
  assert.deepEqual([counters.delivered, counters.droppedLatest], [5, 9]);
  assert.deepEqual(
    told.map(({ state, droppedMessages }) => [state, droppedMessages]),
    [
      ['behind', 0],
      ['caughtUp', 9],
    ],
  );
  assert.deepEqual(errors, [], 'it is what the app asked for');
  publish('price', 'red6', 'red');
  drain();
  assert.deepEqual(received(), ['price red6'], 'it has caught up');
});

test('nothing overtakes what is kept', () => {
  const { publish, received, drain, transport } = open(latest);
  for (let i = 0; i < 2; i++) publish('fill', FILL);
  publish('kept', 'x'.repeat(100));
  transport.drain(1); // now there would be room
  publish('small', 'later');
  drain();
  assert.deepEqual(
    received().map((text) => text.split(' ')[0]),
    ['fill', 'fill', 'kept', 'small'],
  );
});

test('what was kept still goes out when the connection is closed in good order', () => {
  const { connection, publish, received, drain, told } = open(latest);
  for (let i = 0; i < 2; i++) publish('fill', FILL);
  for (let i = 0; i < 3; i++) publish('price', `${i}`);
  connection.disconnect(1001, '');
  drain();
  assert.deepEqual(received().slice(2), ['price 2']);
  const { state, droppedMessages } = told.at(-1) as Backpressure;
  assert.deepEqual([state, droppedMessages], ['closed', 2]);
});

test('what was kept goes out ahead of the answer when the peer closes, and so does what comes late', () => {
  const { connection, publish, received, drain, counters, transport } = open(latest);
  for (let i = 0; i < 2; i++) publish('fill', FILL);
  for (let i = 0; i < 3; i++) publish('price', `${i}`);
  connection.read(close(4000));
  drain();
  connection.sendFrame(buildFrame('iris-websocket-message:late;0;word')); // of handlers elsewhere
  connection.concluded();
  drain();
  assert.ok(transport.received.endsWith('\x88\x02\x0f\xa0'));
  assert.deepEqual(received().slice(2), ['price 2', 'late word']);
  connection.sendFrame(buildFrame('too late'));
  connection.send('too late');
  const { delivered, droppedLatest, droppedClosed, emitted } = counters;
  assert.deepEqual([delivered, droppedLatest, droppedClosed, emitted], [4, 2, 2, 1]);
});

test('of compressed messages too it is the event that counts', () => {
  const { publish, drain, counters } = open({
    ...latest,
    maxBufferedBytes: 4000,
    compression: true,
  });
  while (counters.fellBehind === 0) publish('fill', randomBytes(400).toString('hex'));
  for (const event of ['a', 'b', 'a', 'b']) publish(event, event.repeat(2000));
  drain();
  assert.equal(counters.droppedLatest, 2);
});

test('what is kept is within the other half of the limit', () => {
  const { publish, received, drain } = open(latest);
  for (let i = 0; i < 2; i++) publish('fill', FILL);
  for (let i = 0; i < 10; i++) publish(`event${i}`, 'x');
  drain();
  // Of some 290 bytes each, with what keeping one costs.
  assert.deepEqual(received().slice(2), ['event7 x', 'event8 x', 'event9 x']);
});

test('what is for it alone is not taken for what is for everyone', () => {
  const { connection, publish, received, drain } = open(latest);
  for (let i = 0; i < 2; i++) publish('fill', FILL);
  for (const number of [1, 2]) {
    connection.send(`iris-websocket-message:price;0;mine${number}`);
    publish('price', `all${number}`, '');
  }
  drain();
  assert.deepEqual(received().slice(2), ['price mine2', 'price all2']);
});

test('what was kept has been lost when the connection breaks', () => {
  const { connection, publish, told, counters } = open(latest);
  for (let i = 0; i < 2; i++) publish('fill', FILL);
  for (let i = 0; i < 3; i++) publish('price', `${i}`);
  connection.terminate();
  const { state, droppedMessages } = told.at(-1) as Backpressure;
  assert.deepEqual([state, droppedMessages], ['closed', 3]);
  assert.deepEqual([counters.delivered, counters.droppedLatest], [2, 3]);
});

test('of many pings of one who does not read the last one is answered when it does', () => {
  for (const slowConsumer of ['drop', 'latest'] as const) {
    const made = open({ ...latest, slowConsumer });
    const { connection, publish, drain, transport, counters, peak } = made;
    for (let i = 0; i < 5; i++) publish('fill', FILL);
    for (let i = 0; i < 200; i++) connection.read(ping(`number ${i} of 200`));
    assert.ok(peak() <= 2000);
    drain();
    assert.ok(transport.received.includes('\x8a\x11number 199 of 200'));
    const { delivered, droppedSlow, droppedLatest } = counters;
    assert.equal(delivered + droppedSlow + droppedLatest, 5, 'a pong is no message');
  }
});

test('one who reads slowly is told of once until half of what may wait is free', () => {
  const { publish, fanOut, transport, told } = open({
    slowConsumer: 'drop',
    maxBufferedBytes: 80_000,
  });
  const write = () => {
    publish('fill', 'f'.repeat(19_900)); // each in a write of its own
    fanOut.flush();
  };
  for (let i = 0; i < 5; i++) write();
  assert.equal(told.length, 1);
  for (let i = 0; i < 5; i++) {
    transport.drain(1);
    for (let j = 0; j < 2; j++) write();
  }
  assert.equal(told.length, 1, 'it is as far behind as before');
  transport.drain();
  assert.deepEqual(
    told.map(({ state }) => state),
    ['behind', 'caughtUp'],
  );
});

test('one whose transport is empty is not waited for while a tick fills its next write', () => {
  const { publish, fanOut, transport, told } = open({
    slowConsumer: 'drop',
    maxBufferedBytes: 2000,
  });
  for (const fills of [3, 1, 1]) {
    for (let i = 0; i < fills; i++) publish('fill', FILL);
    fanOut.flush();
  }
  transport.drain(1);
  for (let i = 0; i < 3; i++) publish('fill', FILL);
  transport.drain();
  assert.equal(transport.waitingBytes, 0, 'there is nothing to wait for: asked again, for ever');
  assert.equal(told.length, 1);
  fanOut.flush();
  transport.drain();
  assert.deepEqual(
    told.map(({ state }) => state),
    ['behind', 'caughtUp'],
  );
});

for (const slowConsumer of ['close', 'drop', 'latest'] as const) {
  test(`frames that are held for the opening are no slowness of the client: ${slowConsumer}`, () => {
    const made = connect({ slowConsumer, maxBufferedBytes: 1000 });
    const { connection, publish, drain, transport, fanOut, received, told, errors } = made;
    fanOut.send(connection, Buffer.from('101 '));
    for (let i = 0; i < 4; i++) publish('fill', FILL);
    fanOut.flush();
    assert.equal(transport.waitingBytes, 0);
    connection.open();
    publish('large', 'l'.repeat(2000)); // one message may always wait
    fanOut.flush();
    assert.deepEqual([told, errors], [[], []]);
    publish('more', 'm');
    assert.equal(told[0]?.state, 'behind', 'from here on the client has to read');
    transport.drain(1);
    assert.match(transport.received, /^101 /);
    drain();
    const events = received().map((text) => text.split(' ')[0]);
    const kept = slowConsumer === 'latest' ? ['more'] : [];
    assert.deepEqual(events, ['fill', 'fill', 'fill', 'fill', 'large', ...kept]);
  });
}

test('64 MiB at most are held for an opening, and one message more', () => {
  const { connection, publish, errors } = connect({ maxBufferedBytes: 1000 });
  const large = 'x'.repeat(32 * 2 ** 20);
  for (let i = 0; i < 2; i++) publish('large', large);
  assert.deepEqual([errors, connection.isOpen], [[], true]);
  publish('small', 's');
  assert.deepEqual([errors, connection.isOpen], [['ERR_SLOW_CONSUMER'], false]);
});

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ event: fc.constantFrom('a', 'b'), bytes: fc.nat(700) }) },
  { weight: 1, arbitrary: fc.record({ drained: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constant('tick' as const) },
);

for (const slowConsumer of ['drop', 'latest'] as const) {
  test(`whatever happens, it costs its limit, and counts add up: ${slowConsumer}`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { publish, received, drain, fanOut, transport, counters, told, peak } = open({
          ...latest,
          slowConsumer,
        });
        const sent: string[] = [];
        for (const taken of steps) {
          if (taken === 'tick') {
            fanOut.flush();
          } else if ('drained' in taken) {
            transport.drain(taken.drained);
          } else {
            const payload = `${sent.length}x${'y'.repeat(taken.bytes)}`;
            sent.push(`${taken.event} ${payload}`);
            publish(taken.event, payload);
          }
        }
        assert.ok(peak() <= 2000, `${peak()} bytes waited`);
        drain();
        drain();
        const got = received();
        const places = got.map((message) => sent.indexOf(message));
        assert.deepEqual(
          places,
          [...places].sort((a, b) => a - b),
          'whole, and in order',
        );
        const dropped = slowConsumer === 'drop' ? counters.droppedSlow : counters.droppedLatest;
        assert.equal(counters.delivered, got.length);
        assert.equal(got.length + dropped, sent.length);
        const reports = told.filter(({ state }) => state === 'caughtUp');
        assert.equal(told.length, 2 * reports.length, 'it is behind no more');
        const reported = reports.reduce((sum, { droppedMessages }) => sum + droppedMessages, 0);
        assert.equal(reported, dropped);
        const bytes = reports.reduce((sum, { droppedBytes }) => sum + droppedBytes, 0);
        assert.equal(counters.droppedBytes, bytes);
        assert.ok(bytes >= dropped, 'each has some');
      }),
    );
  });
}
