import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ReconnectAttempt, type ReconnectOptions, Ws } from '../../../src/client/index.ts';
import { connect, connected, open, Told, told } from '../connect.ts';
import { FakeWebSocket } from '../fake-web-socket.ts';
import { WireServer } from '../wire-server.ts';

const P = 'iris-websocket-message:';
const ONCE = { acks: false, reconnect: false } as const;
const SOON: ReconnectOptions = { minDelayMs: 1, maxDelayMs: 20 };
const full = { name: 'EngineError', code: 'ERR_QUEUE_FULL' };

test('keeps 1000 messages for a connection, throws at one more, and sends the others', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, ONCE);
  for (let i = 0; i < 1000; i++) ws.emitMessage(`${i}`);
  assert.throws(() => ws.emitMessage('one more'), { ...full, message: /1000/ });
  const peer = await server.accept();
  for (let i = 0; i < 1000; i++) assert.equal(await peer.next(), `${i}`);
  ws.emitMessage('open');
  assert.equal(await peer.next(), 'open');
});

test('keeps as many messages as maxQueuedMessages says, and has room again when they are sent', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, { reconnect: SOON, maxQueuedMessages: 2 });
  let last = peer;
  for (let round = 0; round < 2; round++) {
    const lost = told((fn) => ws.onDisconnect(fn));
    last.terminate();
    await lost;
    ws.emit('n', 1);
    ws.emit('n', 2);
    assert.throws(() => ws.emit('n', 3), full);
    await assert.rejects(ws.emitWithAck('n', 4), full);
    last = await server.accept();
    assert.equal(await last.next(), `${P}n;1;1`);
    assert.equal(await last.next(), `${P}n;1;2`);
  }
  ws.close();
});

test('keeps nothing where maxQueuedMessages is 0', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, { ...ONCE, maxQueuedMessages: 0 });
  assert.throws(() => ws.emit('early'), full);
  const peer = await server.accept();
  await connected(ws);
  ws.emit('open');
  assert.equal(await peer.next(), `${P}open;0;`);
});

test('volatile sends where there is a connection, and keeps nothing where there is none', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, { reconnect: SOON, maxQueuedMessages: 1 });
  await connected(ws);
  ws.volatile.emit('cursor', [1, 2]);
  ws.volatile.emit('ready');
  ws.volatile.emitMessage('native');
  assert.equal(await peer.next(), `${P}cursor;4;[1,2]`);
  assert.equal(await peer.next(), `${P}ready;0;`);
  assert.equal(await peer.next(), 'native');

  const lost = told((fn) => ws.onDisconnect(fn));
  peer.terminate();
  await lost;
  for (let i = 0; i < 3; i++) ws.volatile.emit('cursor', [i, i]);
  ws.volatile.emitMessage('nowhere');
  assert.throws(() => ws.volatile.emit('a;b'), { code: 'ERR_EVENT_NAME' });
  ws.emit('kept');
  const next = await server.accept();
  assert.equal(await next.next(), `${P}kept;0;`);
  ws.close();
});

test('what waits survives attempts that fail, and is gone when there will be no other', async () => {
  const server = await WireServer.start();
  await server[Symbol.asyncDispose]();
  const ws = open(server, null, { reconnect: SOON, maxQueuedMessages: 1 });
  const attempts = new Told<ReconnectAttempt>((fn) => ws.onReconnecting(fn));
  ws.emit('kept');
  while ((await attempts.next()).attempt < 3);
  assert.throws(() => ws.emit('no room'), full);
  ws.close();
  for (let i = 0; i < 3; i++) ws.emit('nowhere');
});

test('emits between the end of a connection and word of it wait for the next', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const ws = new Ws('ws://host/', null, { WebSocket: FakeWebSocket, acks: false });
  const socket = FakeWebSocket.last;
  socket.open();
  ws.emitMessage('sent');
  socket.beginClosing();
  ws.emitMessage('kept');
  socket.end(1012);
  t.mock.timers.tick(1000);
  const next = FakeWebSocket.last;
  next.open();
  assert.deepEqual(socket.sent, ['sent']);
  assert.deepEqual(next.sent, ['kept']);
  ws.close();
  next.end(1000);
});

test('what a connection does not take any more waits for the next, in order', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const ws = new Ws('ws://host/', null, { WebSocket: FakeWebSocket, acks: false });
  const first = FakeWebSocket.last;
  first.capacity = 2;
  for (const message of ['1', '2', '3', '4']) ws.emitMessage(message);
  first.open();
  ws.emitMessage('5');
  assert.deepEqual(first.sent, ['1', '2']);
  first.end(1006);
  t.mock.timers.tick(1000);
  const second = FakeWebSocket.last;
  second.open();
  ws.emitMessage('6');
  assert.deepEqual(second.sent, ['3', '4', '5', '6']);
  ws.close();
  second.end(1000);
});
