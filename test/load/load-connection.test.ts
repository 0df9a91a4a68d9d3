import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { buildClientFrame } from '../../src/load/client-frame.ts';
import { LoadConnection } from '../../src/load/load-connection.ts';
import { parseTarget } from '../../src/load/load-target.ts';
import { OPCODES } from '../../src/shared/codec/frame.ts';

/** A server of `ws` that is gone when the test has ended, with its connections. */
async function serve(t: TestContext): Promise<WebSocketServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  t.after(() => {
    for (const peer of server.clients) peer.terminate();
    server.close();
  });
  await once(server, 'listening');
  return server;
}

/** One client of a server of `ws`, and what it is told. */
async function open(t: TestContext) {
  const server = await serve(t);
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection') as Promise<[WebSocket]>;
  const messages: string[] = [];
  const lost = Promise.withResolvers<string>();
  const client = new LoadConnection(parseTarget(`ws://127.0.0.1:${port}`), 0, {
    onMessage: (_, bytes, start, end) => messages.push(bytes.toString('utf8', start, end)),
    onLost: (_, reason) => lost.resolve(reason),
  });
  await client.opened;
  const [peer] = await accepted;
  return { client, peer, messages, lost: lost.promise };
}

/** Answers every upgrade with the same bytes. */
async function answering(t: TestContext, answer: string): Promise<Server> {
  const server = createServer().on('upgrade', (_, socket) => {
    socket.on('error', () => {});
    socket.end(answer);
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

test('sends, receives, answers pings, and closes in good order', async (t) => {
  const { client, peer, messages } = await open(t);
  const heard = once(peer, 'message');
  client.send(buildClientFrame(OPCODES.TEXT, Buffer.from('hello')));
  assert.equal(String((await heard)[0]), 'hello');
  const pong = once(peer, 'pong');
  peer.send('one');
  peer.ping('are you there');
  assert.equal(String((await pong)[0]), 'are you there');
  assert.deepEqual(messages, ['one']);
  const closed = once(peer, 'close');
  await client.close();
  assert.equal((await closed)[0], 1000);
});

test('says with which code the server closed', async (t) => {
  const { client, peer, lost } = await open(t);
  const closed = once(peer, 'close');
  peer.close(4001);
  assert.equal(await lost, 'closed with 4001');
  assert.equal((await closed)[0], 4001, 'the close was answered');
  await client.ended;
});

test('sends nothing more to a server that has closed, and says why it has', async (t) => {
  const server = createServer();
  const upgraded = once(server, 'upgrade') as Promise<[{ headers: NodeJS.Dict<string> }, Socket]>;
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const lost = Promise.withResolvers<string>();
  const client = new LoadConnection(parseTarget(`ws://127.0.0.1:${port}`), 0, {
    onMessage: () => assert.fail('no message'),
    onLost: (_, reason) => lost.resolve(reason),
  });
  const [{ headers }, peer] = await upgraded;
  t.after(() => peer.destroy());
  const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash('sha1').update(key).digest('base64');
  peer.write(`HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  await client.opened;
  const ended = once(peer, 'end');
  peer.resume();
  peer.write(Buffer.of(0x88, 2, 0x0f, 0xa1));
  await ended;
  // The client has answered and ended its side; the other one is still open.
  assert.equal(client.isOpen, false);
  client.send(buildClientFrame(OPCODES.TEXT, Buffer.from('late')));
  peer.end();
  assert.equal(await lost.promise, 'closed with 4001');
});

test('what is sent to one that has paused waits, and comes when it resumes', async (t) => {
  const { client, peer, messages } = await open(t);
  const other = await open(t);
  client.pause();
  peer.send('one');
  peer.send('two');
  // Behind answers of another connection it would have been read.
  for (let i = 0; i < 3; i++) {
    const pong = once(other.peer, 'pong');
    other.peer.ping();
    await pong;
  }
  assert.deepEqual(messages, []);
  client.resume();
  const pong = once(peer, 'pong');
  peer.ping();
  await pong;
  assert.deepEqual(messages, ['one', 'two']);
});

test('says that a connection broke', async (t) => {
  const { client, peer, lost } = await open(t);
  peer.terminate();
  assert.match(await lost, /the connection ended|ECONNRESET/);
  await client.ended;
});

test('takes frames that come with the answer to the upgrade', async (t) => {
  const server = await serve(t);
  server.on('connection', (peer) => peer.send('at once'));
  const { port } = server.address() as AddressInfo;
  const first = Promise.withResolvers<string>();
  const client = new LoadConnection(parseTarget(`ws://127.0.0.1:${port}`), 0, {
    onMessage: (_, bytes, start, end) => first.resolve(bytes.toString('utf8', start, end)),
    onLost: (_, reason) => first.reject(new Error(reason)),
  });
  assert.equal(await first.promise, 'at once');
  await client.close();
});

test('an upgrade that is not accepted rejects, and says why', async (t) => {
  const cases: [answer: string, message: RegExp][] = [
    ['HTTP/1.1 403 Forbidden\r\n\r\n', /^refused: 403 Forbidden$/],
    ['HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: nonsense\r\n\r\n', /^refused: 101 Yes$/],
    ['HTTP/1.1 101 Yes\r\n\r\n', /^refused: 101 Yes$/],
    ['', /^the connection ended$/],
  ];
  for (const [answer, message] of cases) {
    const server = await answering(t, answer);
    const { port } = server.address() as AddressInfo;
    const client = new LoadConnection(parseTarget(`ws://127.0.0.1:${port}`), 0, {
      onMessage: () => assert.fail('no message'),
      onLost: () => assert.fail('it was never open'),
    });
    await assert.rejects(client.opened, { message });
  }
});
