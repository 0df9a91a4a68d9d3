import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { buildFrame } from '../../../src/shared/codec/frame.ts';
import { ping } from '../../conformance/client-frames.ts';
import { open } from './stalled-connection.ts';

test('neither pings nor probes close one that has yet to read', () => {
  const { connection, publish, drain, transport, fanOut, counters, told, errors } = open({
    slowConsumer: 'close',
    maxBufferedBytes: 1000,
  });
  publish('large', 'l'.repeat(5000));
  fanOut.flush();
  for (const number of [1, 2, 3]) {
    connection.read(ping(`number ${number}`));
    connection.sendNewest('probe', buildFrame(`answer ${number}`));
  }
  assert.deepEqual([told, errors, connection.isOpen], [[], [], true]);
  drain();
  assert.equal(transport.received.slice(-20), '\x8a\x08number 3\x81\x08answer 3');
  const { delivered, droppedSlow, droppedBytes } = counters;
  assert.deepEqual([delivered, droppedSlow, droppedBytes], [2, 2, 20]);
  connection.read(ping('now'));
  connection.sendNewest('probe', buildFrame('there'));
  drain();
  assert.ok(transport.received.endsWith('\x8a\x03now\x81\x05there'));
  assert.equal(counters.delivered, 3);
});

test('no pong goes ahead of one that waits, though it is small enough by now', () => {
  const { connection, publish, drain, transport, fanOut } = open({ maxBufferedBytes: 1000 });
  for (let i = 0; i < 2; i++) {
    publish('fill', 'f'.repeat(450));
    fanOut.flush();
  }
  connection.read(ping('o'.repeat(125)));
  transport.drain(1); // now there would be room
  connection.read(ping('newest'));
  drain();
  const [, ...pongs] = transport.received.split('\x8a');
  assert.deepEqual(pongs, ['\x06newest']);
});

test('pong and answer go ahead of a close, and are lost where the connection breaks', () => {
  for (const ends of [true, false]) {
    const { connection, publish, drain, transport, fanOut, counters } = open({});
    publish('large', 'l'.repeat(2 ** 20));
    fanOut.flush();
    connection.read(ping('p'));
    connection.sendNewest('probe', buildFrame('answer'));
    if (ends) connection.disconnect(1000, '');
    else connection.terminate();
    drain();
    assert.equal(transport.received.endsWith('\x8a\x01p\x81\x06answer\x88\x02\x03\xe8'), ends);
    assert.deepEqual([counters.delivered, counters.droppedClosed], ends ? [2, 0] : [1, 1]);
  }
});
