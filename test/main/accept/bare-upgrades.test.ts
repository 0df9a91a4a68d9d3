import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { queryObjects } from 'node:v8';
import { BareParser } from '../../../src/main/accept/bare-parser.ts';
import { Refusal, refuse } from '../../../src/shared/api/refusal.ts';
import { upgradeRequest } from '../../end-to-end/kit/raw-client.ts';
import { UpgradeListener, WAIT } from './upgrade-listener.ts';

test('who says nothing is with the HTTP server soon, and may speak later', async (t) => {
  const listener = await UpgradeListener.open(t);
  const served = once(listener.server, 'connection');
  const client = listener.connect();
  const [socket] = (await served) as [Socket];
  const upgrade = once(listener.server, 'upgrade');
  client.write(upgradeRequest('/v'));
  const [request] = await upgrade;
  assert.equal(request.socket, socket);
});

/** A listener whose looks the test makes, and somebody silent whom it has accepted. */
async function openSilent(t: TestContext, handshakeTimeout = WAIT) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const listener = await UpgradeListener.open(t, true, handshakeTimeout);
  const served: unknown[] = [];
  listener.server.on('connection', (socket) => served.push(socket));
  const silent = await acceptSilent(listener);
  return { listener, served, silent, look: (ms = 100) => t.mock.timers.tick(ms) };
}

async function acceptSilent(listener: UpgradeListener): Promise<Socket> {
  const silent = listener.connect();
  await once(silent, 'connect');
  await listener.send(upgradeRequest('/v')); // accepted behind it
  return silent;
}

test('who is silent at two looks is with the HTTP server', async (t) => {
  const { served, look } = await openSilent(t);
  look();
  assert.equal(served.length, 0);
  look();
  assert.equal(served.length, 1);
});

test('where the handshake has little time, looks come sooner', async (t) => {
  const { served, look } = await openSilent(t, 40);
  look(10);
  look(10);
  assert.equal(served.length, 1);
});

test('a parser knows nothing of how long another connection was silent', async (t) => {
  const { listener, served, silent, look } = await openSilent(t);
  look();
  const upgraded = listener.taken.length + 1;
  silent.write(upgradeRequest('/v')); // whose parser the next one gets
  while (listener.taken.length < upgraded) await nextTurn();
  await acceptSilent(listener);
  look();
  assert.equal(served.length, 0, 'it has been there for one look');
  look();
  assert.equal(served.length, 1);
});

test('closing ends who was silent at a look, too', async (t) => {
  const { listener, silent, look } = await openSilent(t);
  look();
  for (const socket of listener.taken) socket.destroy();
  await listener.reader?.close();
  await once(silent, 'close');
});

test('who cannot be served costs no other', async (t) => {
  const { listener, served, look } = await openSilent(t);
  const fail = (_event: string, socket: Socket) => {
    socket.destroy();
    assert.fail('not this one');
  };
  const serve = t.mock.method(listener.server, 'emit', fail as never, { times: 1 });
  look();
  assert.throws(() => look(), { message: 'not this one' });
  serve.mock.restore();
  await acceptSilent(listener);
  look();
  look();
  assert.equal(served.length, 1);
});

test('of many parsers a hundred are kept, and none behind the end', async (t) => {
  const listener = await UpgradeListener.open(t);
  const accepted = t.mock.method(BareParser.prototype, 'start').mock;
  const clients = Array.from({ length: 150 }, () => listener.connect());
  while (accepted.callCount() < clients.length) await nextTurn();
  const freed = t.mock.method(BareParser.prototype, 'free').mock;
  for (const client of clients) client.destroy();
  while (freed.callCount() < 50) await nextTurn();
  await nextTurn();
  assert.equal(freed.callCount(), 50);
  await listener.reader?.close();
  await nextTurn();
  assert.equal(freed.callCount(), 150);
  t.mock.restoreAll();
  accepted.resetCalls();
  freed.resetCalls();
  assert.equal(queryObjects(BareParser), 0);
});

test('what a shard gets does not wait for more to be sent', async (t) => {
  const listener = await UpgradeListener.open(t);
  await listener.send(upgradeRequest('/v'));
  const prototype = Object.getPrototypeOf(listener.taken[0]?._handle);
  const setNoDelay = t.mock.method(prototype, 'setNoDelay', () => 0);
  await listener.send(upgradeRequest('/v'));
  const calls: { this: unknown; arguments: unknown[] }[] = setNoDelay.mock.calls;
  const isMine = (call: { this: unknown }) => call.this === listener.taken[1]?._handle;
  assert.deepEqual(
    calls.filter(isMine).map((call) => call.arguments),
    [[true]],
  );
});

test('who goes without a word leaves nothing', async (t) => {
  const listener = await UpgradeListener.open(t);
  listener.server.on('connection', () => assert.fail('nobody is there'));
  for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
    const client = listener.connect();
    await once(client, 'connect');
    const closed = once(client, 'close');
    client[leave]();
    client.resume();
    await closed;
  }
});

test('closing ends who has said nothing, and waits for who is being decided on', async (t) => {
  const listener = await UpgradeListener.open(t);
  await listener.send(upgradeRequest('/v'));
  const silent = listener.connect();
  await once(silent, 'connect');
  // What is accepted behind it has been taken: so it has been accepted.
  await listener.send(upgradeRequest('/v'));
  let isClosed = false;
  const closed = listener.reader?.close().then(() => {
    isClosed = true;
  });
  await once(silent, 'close');
  const [first, second] = listener.taken;
  first?.destroy();
  await once(listener.clients[0] as Socket, 'close');
  assert.equal(isClosed, false, 'there is one more');
  assert.equal(first?.destroyed, true);
  const stream = second?.toStream() as Socket;
  assert.equal(second?.destroyed, true, 'the stream has its handle');
  refuse(stream, new Refusal(403));
  await closed;
  assert.equal(stream.destroyed, true);
});

test('whoever is refused may be gone', async (t) => {
  const listener = await UpgradeListener.open(t);
  await listener.send(upgradeRequest('/v'));
  const [client] = listener.clients;
  client?.resetAndDestroy();
  await once(client as Socket, 'close');
  const stream = listener.taken[0]?.toStream() as Socket;
  const closed = new Promise((resolve) => stream.on('close', resolve));
  refuse(stream, new Refusal(403));
  await closed;
});

test('whoever is refused is told', async (t) => {
  const listener = await UpgradeListener.open(t);
  const client = listener.connect();
  client.setEncoding('utf8');
  client.write(upgradeRequest('/v'));
  let answer = '';
  client.on('data', (text) => {
    answer += text;
  });
  while (listener.taken.length === 0) await nextTurn();
  refuse(listener.taken[0]?.toStream() as Socket, new Refusal(403, 'not you'));
  await once(client, 'close');
  assert.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*\r\n\r\nnot you$/);
});
