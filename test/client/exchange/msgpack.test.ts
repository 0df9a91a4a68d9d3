import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connected, open, told } from '../connect.ts';
import { FakeWebSocket } from '../fake-web-socket.ts';
import { type Peer, WireServer } from '../wire-server.ts';

const ONCE = { codec: 'msgpack', reconnect: false } as const;
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

async function connect(server: WireServer) {
  const ws = open(server, null, ONCE);
  const peer = await server.accept();
  return { ws, peer };
}

test('asks for msgpack by subprotocol, and speaks it', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  assert.equal(peer.request.headers['sec-websocket-protocol'], 'fanring.msgpack.v1');
  const heard = told<unknown>((fn) => ws.on('e', fn));
  const native = told<unknown>((fn) => ws.onMessage(fn));
  ws.emit('e', { n: 1 });
  ws.emitMessage('text');
  ws.emitMessage(new Uint8Array([7]));
  assert.deepEqual(await peer.next(), hex('92 a165 81a16e01'));
  assert.equal(await peer.next(), 'text');
  assert.deepEqual(await peer.next(), hex('c4 01 07'));
  peer.send(hex('92 a165 c40107'));
  assert.deepEqual(await heard, new Uint8Array([7]));
  peer.send(hex('c4 01 08'));
  assert.deepEqual(await native, new Uint8Array([8]));
});

test('sends what was emitted while the codec was loaded, in order', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, ONCE);
  ws.emit('n', 1);
  ws.emitMessage('two');
  const answer = ws.emitWithAck('n', 3);
  ws.onConnect(() => ws.emit('n', 4));
  const peer = await server.accept();
  assert.deepEqual(await peer.next(), hex('92 a16e 01'));
  assert.equal(await peer.next(), 'two');
  assert.deepEqual(await peer.next(), hex('93 a16e 03 01'));
  assert.deepEqual(await peer.next(), hex('92 a16e 04'));
  peer.send(hex('92 01 a3796573'));
  assert.equal(await answer, 'yes');
});

test('tells onError of what turned out not to be encodable, and sends the rest', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, ONCE);
  const error = told<unknown>((fn) => ws.onError(fn));
  ws.emit('e', Symbol('s'));
  ws.emit('e', 1);
  const peer = await server.accept();
  assert.deepEqual(await peer.next(), hex('92 a165 01'));
  assert.equal(((await error) as { code: string }).code, 'ERR_PAYLOAD');
  await connected(ws);
  assert.throws(() => ws.emit('e', Symbol('s')), { code: 'ERR_PAYLOAD' });
});

test('asks, answers and fails in msgpack', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const next = async (from: Peer) => hexOf(await from.next());
  ws.on('double', (n: number) => n * 2);
  peer.send(hex('93 a6646f75626c65 15 07'));
  assert.equal(await next(peer), '92072a');
  peer.send(hex('93 a16e 01 08'));
  assert.equal(await next(peer), hexOf(hex('92 f8 aa 6e6f2068616e646c6572')));
  const refused = ws.emitWithAck('ask');
  assert.equal(await next(peer), '93a361736bc001');
  peer.send(hex('92 ff a26e6f'));
  await assert.rejects(refused, { code: 'ERR_ACK_FAILED', message: /no$/ });
});

test('close ends it for good while the codec is loaded', async () => {
  const opened: unknown[] = [];
  class Recorder extends FakeWebSocket {
    constructor() {
      super();
      opened.push(this);
    }
  }
  const ws = open({ host: 'host' }, null, { ...ONCE, WebSocket: Recorder });
  const ended = told<unknown>((fn) => ws.onDisconnect(fn));
  ws.close();
  assert.equal(ws.state, 'closed');
  assert.deepEqual(await ended, { code: 1005, reason: '', willReconnect: false });
  await import('../../../src/shared/codec/msgpack-codec.ts');
  await nextTurn();
  assert.deepEqual(opened, []);
  const other = open({ host: 'host' }, null, { ...ONCE, WebSocket: Recorder });
  await nextTurn();
  assert.equal(opened.length, 1, 'this is long enough');
  other.close();
});

test('a client in text loads no msgpack, one in msgpack does', async () => {
  const run = promisify(execFile);
  const client = new URL('../../../src/client/index.ts', import.meta.url).href;
  const program = (options: string) => `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
    const { Ws } = await import(${JSON.stringify(client)});
    const ws = new Ws('ws://127.0.0.1:1/', null, { reconnect: false, ${options} });
    ws.onDisconnect(() => console.log(loaded.some((url) => url.includes('msgpackr'))));
  `;
  for (const [options, expected] of [
    ['', 'false'],
    ["codec: 'text'", 'false'],
    ["codec: 'msgpack'", 'true'],
  ] as const) {
    const args = ['--input-type=module', '-e', program(options)];
    const { stdout } = await run(process.execPath, args);
    assert.equal(stdout.trim(), expected, options);
  }
});

function hexOf(message: string | Buffer | undefined): string {
  assert.ok(message instanceof Buffer);
  return message.toString('hex');
}
