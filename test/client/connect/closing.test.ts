import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocket as WebSocketOfWs } from 'ws';
import type { Disconnection, WsOptions } from '../../../src/client/index.ts';
import { connected, open, Told, told } from '../connect.ts';
import { FakeWebSocket } from '../fake-web-socket.ts';
import { SilentServer } from '../silent-server.ts';
import { WireServer } from '../wire-server.ts';

const ONCE = { acks: false, reconnect: false } as const;

/** A client that is connected to nobody but the test. */
function openFake(options: WsOptions = {}) {
  const ws = open({ host: 'host' }, null, { WebSocket: FakeWebSocket, acks: false, ...options });
  const socket = FakeWebSocket.last;
  socket.open();
  return { ws, socket };
}

test('is over five seconds after close where the server does not answer it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { ws } = openFake();
  const ends: Disconnection[] = [];
  ws.onDisconnect((end) => ends.push(end));
  ws.close(4001, 'done');
  t.mock.timers.tick(4999);
  assert.deepEqual(ends, []);
  t.mock.timers.tick(1);
  assert.deepEqual(ends, [{ code: 4001, reason: 'done', willReconnect: false }]);
  t.mock.timers.tick(60_000);
  assert.equal(ends.length, 1);
});

test('breaks off what does not answer its close, where the WebSocket can do that', async (t) => {
  await using server = await SilentServer.start({ upgrades: true });
  const ws = open(server, null, { ...ONCE, WebSocket: WebSocketOfWs });
  await connected(ws);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const ended = told<Disconnection>((fn) => ws.onDisconnect(fn));
  ws.close();
  t.mock.timers.tick(5000);
  t.mock.timers.reset();
  assert.deepEqual(await ended, { code: 1005, reason: '', willReconnect: false });
  await server.gone();
});

test('reports what it was closed with, whatever the server answers', () => {
  const { ws, socket } = openFake();
  const ends: Disconnection[] = [];
  ws.onDisconnect((end) => ends.push(end));
  ws.close(4000, 'my reason');
  ws.close(4001, 'another');
  socket.end(1006);
  assert.deepEqual(ends, [{ code: 4000, reason: 'my reason', willReconnect: false }]);
});

test('gives the WebSocket no reason where it was given none', () => {
  const { ws, socket } = openFake();
  const given: unknown[][] = [];
  socket.close = (...parts: unknown[]) => void given.push(parts);
  ws.close();
  socket.end(1005);
  assert.deepEqual(given, [[undefined, undefined]]);
});

test('questions fail at once when it is closed, sent or not', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const ended = { code: 'ERR_CONNECTION_ENDED', message: /'ask'.*connection ended/ };
  const { ws, socket } = openFake();
  const sent = ws.emitWithAck('ask', 1);
  assert.equal(socket.sent.length, 1);
  ws.close();
  await assert.rejects(sent, ended);
  socket.end(1000);

  const early = open({ host: 'host' }, null, { WebSocket: FakeWebSocket });
  const waiting = early.emitWithAck('ask', 1);
  early.close();
  await assert.rejects(waiting, ended);
  FakeWebSocket.last.end(1006);
});

test('a code or a reason that cannot be sent changes nothing', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, ONCE);
  const peer = await server.accept();
  await connected(ws);
  const wrong = { name: 'EngineError', code: 'ERR_CLOSE_CODE' };
  for (const code of [0, 999, 1001, 1005, 1006, 2999, 5000, Number.NaN, '1000']) {
    const message = new RegExp(`code: '?${code}'? is not`);
    assert.throws(() => ws.close(code as number), { ...wrong, message });
  }
  assert.throws(() => ws.close(4000, 'é'.repeat(62)), { ...wrong, message: /124/ });
  assert.equal(ws.state, 'connected');
  const heard = told<unknown>((fn) => ws.onMessage(fn));
  peer.send('still here');
  assert.equal(await heard, 'still here');
  ws.close(4000, 'x'.repeat(123));
  assert.equal((await peer.closed).code, 4000);
});

test('a WebSocket that refuses a code changes nothing either', () => {
  const { ws, socket } = openFake();
  const refused = new Error('refused');
  socket.close = () => {
    throw refused;
  };
  assert.throws(() => ws.close(4000), refused);
  assert.equal(ws.state, 'connected');
  const ends: Disconnection[] = [];
  ws.onDisconnect((end) => ends.push(end));
  socket.end(1012);
  assert.deepEqual(ends, [{ code: 1012, reason: '', willReconnect: true }]);
});

test('gives an attempt up that takes longer than connectTimeoutMs', async () => {
  await using server = await SilentServer.start({ upgrades: false });
  const reconnect = { minDelayMs: 1, maxDelayMs: 5 };
  const ws = open(server, null, { connectTimeoutMs: 20, reconnect });
  const ends = new Told<Disconnection>((fn) => ws.onDisconnect(fn));
  const attempts = new Told<{ attempt: number }>((fn) => ws.onReconnecting(fn));
  assert.deepEqual(await ends.next(), { code: 4000, reason: 'no answer', willReconnect: true });
  await server.gone();
  while ((await attempts.next()).attempt < 3);
  assert.deepEqual(ends.unread, []);
});

test('an attempt may take ten seconds, and a connection as long as it likes', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const ws = open({ host: 'host' }, null, { WebSocket: FakeWebSocket, idleTimeoutMs: 0 });
  const first = FakeWebSocket.last;
  t.mock.timers.tick(9999);
  assert.equal(ws.state, 'connecting');
  t.mock.timers.tick(1);
  assert.equal(ws.state, 'reconnecting');
  assert.equal(first.readyState, 2);
  t.mock.timers.tick(1000);
  FakeWebSocket.last.open();
  t.mock.timers.tick(60_000);
  assert.equal(ws.state, 'connected');
});

test('says why there is no connection, as far as the WebSocket does', async () => {
  const closed = await WireServer.start();
  await closed[Symbol.asyncDispose]();
  const ofWs = open(closed, null, { ...ONCE, WebSocket: WebSocketOfWs });
  assert.match((await told<Disconnection>((fn) => ofWs.onDisconnect(fn))).reason, /ECONNREFUSED/);
  const ws = open({ host: 'host' }, null, { ...ONCE, WebSocket: FakeWebSocket });
  const ended = told<Disconnection>((fn) => ws.onDisconnect(fn));
  FakeWebSocket.last.end(1006);
  const end = { code: 1006, reason: 'could not connect', willReconnect: false };
  assert.deepEqual(await ended, end);
});

test('drops what is volatile while more than maxBufferedBytes wait for the network', () => {
  const { ws, socket } = openFake({ maxBufferedBytes: 100 });
  socket.bufferedAmount = 100;
  ws.volatile.emitMessage('at the limit');
  socket.bufferedAmount = 101;
  ws.volatile.emitMessage('dropped');
  ws.volatile.emit('dropped');
  assert.throws(() => ws.volatile.emit('a;b'), { code: 'ERR_EVENT_NAME' });
  ws.emitMessage('kept');
  socket.bufferedAmount = 0;
  ws.volatile.emitMessage('later');
  assert.deepEqual(socket.sent, ['at the limit', 'kept', 'later']);
  ws.close();
  socket.end(1000);
});

test('what is volatile is dropped from a mebibyte on', () => {
  const { ws, socket } = openFake();
  socket.bufferedAmount = 2 ** 20;
  ws.volatile.emitMessage('sent');
  socket.bufferedAmount = 2 ** 20 + 1;
  ws.volatile.emitMessage('dropped');
  assert.deepEqual(socket.sent, ['sent']);
  ws.close();
  socket.end(1000);
});
