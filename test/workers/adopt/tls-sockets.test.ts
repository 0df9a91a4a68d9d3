import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import type { RelayCommand, RelayEvent } from '../../../src/shared/relay/relay-messages.ts';
import { TlsSockets } from '../../../src/workers/adopt/tls-sockets.ts';
import { identity, tlsFile } from '../../end-to-end/kit/transport.ts';

/** The TLS connections of a shard, and a port for clients. */
async function openNone() {
  const events: RelayEvent[] = [];
  let onEvent = () => {};
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const sockets = new TlsSockets((_stream, event) => {
    events.push(event);
    onEvent();
    if (event.is === 'closed') end();
  });
  sockets.setTls(1, { server: identity('first'), named: new Map() });
  const listener = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const adopt = async () => {
    const [accepted] = (await once(listener, 'connection')) as [Socket & { _handle: object }];
    sockets.adopt([{ stream: 7, listener: 1 }], [accepted._handle]);
    listener.close();
  };
  const next = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    onEvent = resolve;
    return promise;
  };
  return { sockets, port, adopt, events, next, ended };
}

/** The TLS connections of a shard, with one client that has said 'hello'. */
async function openOne() {
  const { sockets, port, adopt, events, next, ended } = await openNone();
  const client = connect({ port, host: '127.0.0.1', ca: tlsFile('ca.pem') });
  client.on('error', () => {}); // 'close' follows
  client.write('hello');
  await adopt();
  while (events.length === 0) await next();
  const say = (command: RelayCommand) => sockets.carryOut(7, command);
  return { sockets, client, events, next, ended, say };
}

test('what was answered last goes out before all ends', async () => {
  const { sockets, client, events, say } = await openOne();
  const [first] = events;
  assert.equal(first?.is === 'data' && Buffer.from(first.bytes).toString(), 'hello');
  const answer = Buffer.alloc(16_000_000, 'answer');
  say({ do: 'write', bytes: answer });
  say({ do: 'destroy' });
  const received = client.toArray();
  await sockets.close(10_000);
  assert.ok(Buffer.concat(await received).equals(answer));
  assert.deepEqual(
    events.map(({ is }) => is),
    ['data', 'written', 'closed'],
  );
});

test('who takes too long is cut', async () => {
  const { sockets, client } = await openOne();
  const closed = once(client.resume(), 'close');
  await sockets.close(10);
  await closed;
});

/** One that has been destroyed, whose client does not read what it was answered, but sends on. */
async function openLingering(t: TestContext) {
  const { sockets, client, ended, say } = await openOne();
  const sending = setInterval(() => client.write('.'), 20);
  t.after(() => {
    clearInterval(sending);
    client.destroy();
  });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  say({ do: 'write', bytes: Buffer.alloc(16_000_000) });
  say({ do: 'destroy' });
  return { sockets, ended };
}

const options = { timeout: 20_000 };

test(
  'who is sent a last answer and does not read it is cut, however it sends',
  options,
  async (t) => {
    const { ended } = await openLingering(t);
    t.mock.timers.tick(5_000);
    await ended;
  },
);

test('a shard that stops does not wait long for last answers', options, async (t) => {
  const { sockets, ended } = await openLingering(t);
  t.mock.timers.tick(2_000);
  const closed = sockets.close(60_000);
  t.mock.timers.tick(1_000);
  await Promise.all([closed, ended]);
});

test('a client that ends in the middle of the handshake is let go', options, async () => {
  const { port, adopt, events, ended } = await openNone();
  const client = connectTcp(port, '127.0.0.1')
    .on('error', () => {})
    .resume();
  client.end(Buffer.from([22, 3, 1, 0, 200])); // the head of a record with a ClientHello
  await Promise.all([adopt(), ended]);
  assert.deepEqual(events, [{ is: 'closed' }]);
});

test('a client that ends its side behind a request is answered', options, async () => {
  const { client, events, next, ended, say } = await openOne();
  const received = client.toArray();
  client.end();
  while (events.at(-1)?.is !== 'end') {
    say({ do: 'pull' });
    await next();
  }
  say({ do: 'write', bytes: Buffer.from('answer') });
  say({ do: 'destroy' });
  assert.equal(Buffer.concat(await received).toString(), 'answer');
  await ended;
});

/** Has a client send so many records of one byte. */
async function sendBytes(client: TLSSocket, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => client.write('.', resolve));
}

const RECORDS = 10_000;

test('who sends next to nothing in each record is cut', options, async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { client, events, next, ended, say } = await openOne();
  const received = () =>
    events.reduce((sum, it) => sum + (it.is === 'data' ? it.bytes.length : 0), 0);
  const sent = sendBytes(client, RECORDS);
  while (received() < 'hello'.length + RECORDS) {
    say({ do: 'pull' });
    await next();
  }
  await sent;
  t.mock.timers.tick(1_000);
  await ended;
  client.destroy();
});

test('so is a WebSocket', options, async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { sockets, client } = await openOne();
  const socket = sockets.release(7) as TLSSocket;
  const closed = once(socket, 'close');
  const { promise: all, resolve } = Promise.withResolvers<void>();
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
    if (bytes === RECORDS) resolve();
  });
  socket.resume();
  await sendBytes(client, RECORDS);
  await all;
  t.mock.timers.tick(1_000);
  await closed;
  client.destroy();
});

test('nothing is said of a connection that has been let go, or is not known', async () => {
  const { sockets, client, events, say } = await openOne();
  const socket = sockets.release(7);
  say({ do: 'write', bytes: Buffer.from('not any more') });
  assert.equal(sockets.release(7), undefined);
  client.resume();
  const closed = once(client, 'close');
  socket?.resume().end('from its new owner');
  assert.equal(String((await once(client, 'data'))[0]), 'from its new owner');
  client.end();
  await closed;
  await sockets.close(0);
  assert.equal(events.length, 1);
});
