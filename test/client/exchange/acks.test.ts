import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ReconnectOptions } from '../../../src/client/index.ts';
import { restartPort } from '../../end-to-end/fixtures/restart-port.ts';
import { connect, connected, open, told } from '../connect.ts';
import { FakeWebSocket } from '../fake-web-socket.ts';
import { WireServer } from '../wire-server.ts';

const P = 'iris-websocket-message:';
const HELLO = `${P};0+1;`;
const SOON: ReconnectOptions = { minDelayMs: 1, maxDelayMs: 20 };
const ended = { name: 'EngineError', code: 'ERR_CONNECTION_ENDED' };

test('says on every connection that it answers, before all else', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, { reconnect: SOON });
  ws.onConnect(() => ws.emit('hi'));
  ws.emit('early');
  const peer = await server.accept();
  assert.equal(await peer.next(), HELLO);
  assert.equal(await peer.next(), `${P}early;0;`);
  assert.equal(await peer.next(), `${P}hi;0;`);
  peer.terminate();
  const next = await server.accept();
  assert.equal(await next.next(), HELLO);
  ws.close();
});

test('does not say so where the subprotocol does, or where it is told not to', async () => {
  await using server = await WireServer.start();
  for (const [protocols, options] of [
    ['fanring.text.v1', {}],
    [null, { codec: 'text' }],
    [null, { acks: false }],
  ] as const) {
    const ws = open(server, protocols, { ...options, reconnect: false });
    ws.emit('first');
    const peer = await server.accept();
    assert.equal(await peer.next(), `${P}first;0;`);
  }
});

test('asks for a codec before the subprotocols of the app', async () => {
  await using server = await WireServer.start();
  const ws = open(server, ['app'], { codec: 'text', reconnect: false });
  const { request } = await server.accept();
  const offered = request.headers['sec-websocket-protocol']?.split(/,\s*/);
  assert.deepEqual(offered, ['fanring.text.v1', 'app']);
  await connected(ws);
});

test('resolves with the answer to its question, in whatever order they come', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const answers = ['a', 'b', 'c'].map((payload) => ws.emitWithAck('ask', payload));
  assert.equal(await peer.next(), `${P}ask;0?1;a`);
  assert.equal(await peer.next(), `${P}ask;0?2;b`);
  assert.equal(await peer.next(), `${P}ask;0?3;c`);
  peer.send(`${P};4!3;{"c":1}`);
  peer.send(`${P};0!99;nobody asked`);
  peer.send(new TextEncoder().encode(`${P};3!1;A`));
  peer.send(`${P};1!2;2`);
  assert.deepEqual(await Promise.all(answers), [new TextEncoder().encode('A'), 2, { c: 1 }]);
});

test('asks without a payload', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const answer = ws.emitWithAck('ask');
  assert.equal(await peer.next(), `${P}ask;0?1;`);
  peer.send(`${P};0!1;`);
  assert.equal(await answer, '');
});

test('rejects with what the server says where it does not answer', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const answer = ws.emitWithAck('ask');
  peer.send(`${P};0~1;no handler`);
  const message = "no answer to 'ask': no handler";
  const failed = { name: 'EngineError', code: 'ERR_ACK_FAILED', message };
  await assert.rejects(answer, failed);
});

test('rejects when the answer does not come in time, and ignores it later', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const late = ws.emitWithAck('late', 1, { timeoutMs: 5 });
  const message = "no answer to 'late': 5 ms are over";
  await assert.rejects(late, { name: 'EngineError', code: 'ERR_ACK_TIMEOUT', message });
  peer.send(`${P};0!1;late`);
  const answer = ws.emitWithAck('next');
  peer.send(`${P};0!2;next`);
  assert.equal(await answer, 'next');
});

test('rejects what was sent when the connection ends', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, { reconnect: SOON });
  const answer = ws.emitWithAck('ask');
  assert.equal(await peer.next(), `${P}ask;0?1;`);
  peer.terminate();
  await assert.rejects(answer, ended);
  await server.accept();
  ws.close();
});

test('rejects what is asked when it has ended, and sends nothing', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const gone = told((fn) => ws.onDisconnect(fn));
  ws.close();
  await assert.rejects(ws.emitWithAck('ask'), ended);
  await gone;
  await assert.rejects(ws.emitWithAck('ask'), ended);
  assert.equal(await peer.next(), undefined);
});

test('rejects what waits when it ends for good', async () => {
  const server = await WireServer.start();
  await server[Symbol.asyncDispose]();
  const ws = open(server, null, { reconnect: false });
  await assert.rejects(ws.emitWithAck('ask'), ended);
});

test('a question waits for a connection while its time runs', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, { reconnect: SOON });
  const lost = told((fn) => ws.onDisconnect(fn));
  peer.terminate();
  await lost;
  const answer = ws.emitWithAck('ask', 'x');
  const next = await server.accept();
  assert.equal(await next.next(), `${P}ask;0?1;x`);
  next.send(`${P};0!1;y`);
  assert.equal(await answer, 'y');
  ws.close();
});

test('a question waits while attempts to connect fail', async () => {
  const server = await WireServer.start(await restartPort());
  await server[Symbol.asyncDispose]();
  const ws = open(server, null, { acks: false, reconnect: SOON });
  const answer = ws.emitWithAck('ask', 'x');
  await told((fn) => ws.onReconnecting((attempt) => attempt.attempt === 3 && fn(attempt)));
  await using restarted = await WireServer.start(server.port);
  const peer = await restarted.accept();
  assert.equal(await peer.next(), `${P}ask;0?1;x`);
  peer.send(`${P};0!1;y`);
  assert.equal(await answer, 'y');
  ws.close();
});

test('waits ten seconds for an answer, or as long as it is told to', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const ws = open({ host: 'host' }, null, { WebSocket: FakeWebSocket });
  const settled: string[] = [];
  const note = (name: string) => () => void settled.push(name);
  ws.emitWithAck('ask', 1, { timeoutMs: 50 }).catch(note('50 ms'));
  ws.emitWithAck('ask', 1).catch(note('default'));
  for (const [ms, expected] of [
    [49, []],
    [1, ['50 ms']],
    [9949, ['50 ms']],
    [1, ['50 ms', 'default']],
  ] as const) {
    t.mock.timers.tick(ms);
    await nextTurn();
    assert.deepEqual(settled, expected);
  }
  ws.close();
});

test('a question whose time is over before there was a connection is never sent', async () => {
  const server = await WireServer.start(await restartPort());
  await server[Symbol.asyncDispose]();
  const ws = open(server, null, { acks: false, reconnect: SOON });
  const timeout = { code: 'ERR_ACK_TIMEOUT' };
  await assert.rejects(ws.emitWithAck('ask', 1, { timeoutMs: 5 }), timeout);
  ws.emit('after');
  await using restarted = await WireServer.start(server.port);
  const peer = await restarted.accept();
  assert.equal(await peer.next(), `${P}after;0;`);
  ws.close();
});

test('refuses a question that cannot be asked, and sends nothing', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  await connected(ws);
  for (const timeoutMs of [0, -1, 1.5, 2 ** 31, Number.NaN]) {
    const wrong = { code: 'ERR_OPTION', message: new RegExp(`timeoutMs: ${timeoutMs} `) };
    await assert.rejects(ws.emitWithAck('ask', 1, { timeoutMs }), wrong);
  }
  for (const options of [null, 5, { timeout: 1 }] as unknown as { timeoutMs: number }[]) {
    await assert.rejects(ws.emitWithAck('ask', 1, options), { code: 'ERR_OPTION' });
  }
  await assert.rejects(ws.emitWithAck('a;b'), { code: 'ERR_EVENT_NAME' });
  await assert.rejects(ws.emitWithAck('ask', 1n), { code: 'ERR_PAYLOAD' });
  ws.emit('after');
  assert.equal(await peer.next(), `${P}after;0;`);
});

test('answers with the first result that is not undefined, promised or not', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const heard: unknown[] = [];
  ws.on('add', (payload) => void heard.push(payload));
  ws.on('add', async (n: number) => n + 1);
  ws.on('add', (n: number) => n + 2);
  ws.on('nothing', () => undefined);
  ws.on('bytes', () => new Uint8Array([0x61]));
  peer.send(`${P}add;1?7;1`);
  assert.equal(await peer.next(), `${P};1!7;2`);
  assert.deepEqual(heard, [1]);
  peer.send(`${P}nothing;0?8;`);
  assert.equal(await peer.next(), `${P};0!8;`);
  peer.send(`${P}bytes;0?9;`);
  assert.deepEqual(await peer.next(), Buffer.from(`${P};3!9;a`));
});

test('says that nobody answers where nobody listens', async () => {
  await using server = await WireServer.start();
  const { peer } = await connect(server);
  peer.send(`${P}unknown;0?7;x`);
  assert.equal(await peer.next(), `${P};0~7;no handler`);
});

for (const [what, answer, message] of [
  ['throws', () => assert.fail('of the page'), /of the page/],
  ['rejects', async () => assert.fail('of the page'), /of the page/],
  ['gives what cannot be encoded', () => 1n, /cannot encode/],
] as const) {
  test(`says that the handler failed where it ${what}, and reports why`, async (t) => {
    await using server = await WireServer.start();
    const { ws, peer } = await connect(server);
    const reported = t.mock.method(console, 'error', () => {});
    const other = told((fn) => ws.on('ask', fn));
    ws.on('ask', answer);
    peer.send(`${P}ask;0?7;x`);
    assert.equal(await peer.next(), `${P};0~7;the handler failed`);
    assert.match(reported.mock.calls[0]?.arguments[0].message, message);
    assert.equal(await other, 'x');
  });
}

test('reports the failures of all handlers of a question, and fails when all are done', async (t) => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const reported = t.mock.method(console, 'error', () => {});
  ws.on('ask', async () => {
    await nextTurn();
    assert.fail('late');
  });
  ws.on('ask', () => assert.fail('at once'));
  peer.send(`${P}ask;0?7;x`);
  assert.equal(await peer.next(), `${P};0~7;the handler failed`);
  const messages = reported.mock.calls.map((call) => call.arguments[0].message);
  assert.deepEqual(messages.toSorted(), ['at once', 'late']);
});

test('reports what a handler rejects with where nobody asked', async (t) => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const reported = told<Error>((fn) => t.mock.method(console, 'error', fn));
  ws.on('e', async () => assert.fail('of the page'));
  peer.send(`${P}e;0;x`);
  assert.match((await reported).message, /of the page/);
});

test('an answer that is late for its connection does not go to the next', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, { reconnect: SOON });
  const slow = Promise.withResolvers<string>();
  const asked = told<unknown>((fn) =>
    ws.on('slow', (payload) => {
      fn(payload);
      return slow.promise;
    }),
  );
  peer.send(`${P}slow;0?1;x`);
  await asked;
  peer.terminate();
  const next = await server.accept();
  await connected(ws);
  slow.resolve('for the first');
  await slow.promise;
  next.send(`${P}unknown;0?1;`);
  assert.equal(await next.next(), `${P};0~1;no handler`);
  ws.close();
});
