import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { Engine, type ListenOptions } from '../../../src/main/index.ts';
import { binaryHeader } from '../kit/proxy-header.ts';
import { upgradeRequest } from '../kit/raw-client.ts';
import { leakCheck } from '../kit/test-engine.ts';
import { identity, tlsFile } from '../kit/transport.ts';

const options = { timeout: 20_000 };
const HOST = '127.0.0.1';
const LINE = Buffer.from('PROXY TCP4 203.0.113.5 192.0.2.1 41234 443\r\n');

async function withEngine(
  listenOptions: ListenOptions,
  body: (port: number, seen: string[]) => Promise<void>,
  handshakeTimeout = 10_000,
): Promise<void> {
  const leavesNothing = leakCheck();
  await using engine = new Engine({ shards: 1, handshakeTimeout });
  const seen: string[] = [];
  engine.server({
    endpoint: '/w',
    authorize: ({ remoteAddress }) => void seen.push(remoteAddress),
  });
  engine.server({ endpoint: '/one', maxConnectionsPerAddress: 1 });
  const { port } = await engine.listen(0, {
    host: HOST,
    proxyProtocol: true,
    request: ({ socket }, response) =>
      response.end(`${socket.remoteAddress} ${socket.remotePort} ${socket.remoteFamily}`),
    ...listenOptions,
  });
  await body(port, seen);
  await engine.close();
  await leavesNothing();
}

/** Sends a header in pieces; then the client speaks, by TLS where the port does. */
async function open(port: number, isTls: boolean, pieces: readonly Buffer[], first = '') {
  const raw = connect({ port, host: HOST, noDelay: true });
  raw.on('error', () => {});
  for (const [at, piece] of pieces.entries()) {
    const isLast = at === pieces.length - 1;
    raw.write(isLast && !isTls ? Buffer.concat([piece, Buffer.from(first)]) : piece);
    for (let turn = 0; turn < 5 && !isLast; turn++) await nextTurn();
  }
  if (!isTls) return raw;
  const socket = connectTls({ socket: raw, ca: tlsFile('ca.pem'), host: HOST });
  socket.on('error', () => {});
  socket.write(first);
  return socket;
}

async function answerOf(socket: Socket): Promise<string> {
  let text = '';
  while (!text.includes('\r\n\r\n')) text += String((await once(socket, 'data'))[0]);
  socket.destroy();
  return text;
}

for (const isTls of [false, true]) {
  const tls = isTls ? { tls: identity('first') } : {};
  const name = isTls ? 'before TLS' : 'before HTTP';

  test(`the PROXY protocol names the client: ${name}`, options, async () => {
    await withEngine(tls, async (port, seen) => {
      for (const [header, address] of [
        [LINE, '203.0.113.5'],
        [binaryHeader('2001:db8:0:0:0:0:0:7', 443, { behind: 30 }), '2001:db8::7'],
        [Buffer.from('PROXY UNKNOWN\r\n'), HOST],
        [binaryHeader('203.0.113.5', 1, { command: 0x20 }), HOST],
      ] as const) {
        for (const pieces of [[header], [header.subarray(0, 9), header.subarray(9)]]) {
          const socket = await open(port, isTls, pieces, upgradeRequest('/w'));
          assert.match(await answerOf(socket), /^HTTP\/1\.1 101 /);
          assert.equal(seen.pop(), address);
          await once(socket, 'close');
        }
      }
    });
  });

  test(`the app and limits by address see the client: ${name}`, options, async () => {
    await withEngine(tls, async (port) => {
      const get = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
      const asked = await open(port, isTls, [LINE], get);
      assert.match(await answerOf(asked), /\r\n\r\n203\.0\.113\.5 41234 IPv4$/);
      const one = await open(port, isTls, [LINE], upgradeRequest('/one'));
      await once(one, 'data');
      const two = await open(port, isTls, [LINE], upgradeRequest('/one'));
      assert.match(await answerOf(two), /^HTTP\/1\.1 429 /);
      const other = binaryHeader('203.0.113.6', 1);
      const three = await open(port, isTls, [other], upgradeRequest('/one'));
      assert.match(await answerOf(three), /^HTTP\/1\.1 101 /);
      one.destroy();
    });
  });

  test(`a connection without a header is cut: ${name}`, options, async () => {
    const use = async (port: number) => {
      const wrong = await open(port, false, [Buffer.from(upgradeRequest('/w'))]);
      await once(wrong.resume(), 'close');
      const ended = await open(port, false, [LINE.subarray(0, 10)]);
      ended.end();
      await once(ended.resume(), 'close');
      const silent = await open(port, false, [LINE.subarray(0, 10)]);
      await once(silent.resume(), 'close');
    };
    await withEngine(tls, use, 100);
  });

  test(`one whose header has not come does not hold up the end: ${name}`, options, async () => {
    const use = async (port: number) => {
      const ended = await open(port, false, [LINE.subarray(0, 10)]);
      ended.end();
      await once(ended.resume(), 'close'); // its end is seen
      const silent = await open(port, false, [LINE.subarray(0, 10)]);
      await open(port, isTls, [LINE], upgradeRequest('/w')).then(answerOf);
      silent.resume();
    };
    await withEngine(tls, use, 600_000);
  });
}
