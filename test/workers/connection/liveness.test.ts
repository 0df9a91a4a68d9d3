import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Upgrade } from '../../../src/shared/messages/control-messages.ts';
import type { ServerOptions } from '../../../src/shared/options/server-options.ts';
import { ServerWebSocket } from '../../../src/workers/connection/web-socket.ts';
import { Transport } from '../../../src/workers/write/transport.ts';
import { frame } from '../../conformance/client-frames.ts';
import { clock } from './clock.ts';
import { silentDispatch, socketContext } from './socket-context.ts';

const PING = '8900';
const UPGRADE = { protocol: '', codec: 0 } as Upgrade;

/** A transport whose client the test makes read, or not. */
class SetTransport extends Transport {
  readonly log: string[];
  #waitingBytes = 0;
  #sentBytes = 0;
  #arrivedBytes = 0;

  constructor(log: string[]) {
    super({ sentBytes: 0 });
    this.log = log;
  }

  override get waitingBytes(): number {
    return this.#waitingBytes;
  }
  override set waitingBytes(bytes: number) {
    this.#waitingBytes = bytes;
  }

  override get sentBytes(): number {
    return this.#sentBytes;
  }
  override set sentBytes(bytes: number) {
    this.#sentBytes = bytes;
  }

  override get arrivedBytes(): number {
    return this.#arrivedBytes;
  }
  override set arrivedBytes(bytes: number) {
    this.#arrivedBytes = bytes;
  }

  override pause(): void {}
  override resume(): void {}
  protected override begin(): boolean {
    return true;
  }
  protected override finish(): void {
    this.log.push('end');
  }
  protected override close(): void {
    this.log.push('destroy');
  }
}

/** A connection, at the time 0, whose transport the test sets. */
function connect(options: ServerOptions, isOpen = true) {
  const log: string[] = [];
  const transport = new SetTransport(log);
  const server = socketContext(options, {
    fanOut: { send: (_socket, frame) => log.push(`send ${frame.toString('hex')}`) },
    dispatch: silentDispatch({
      failed: (_socket, { code }) => log.push(code),
      disconnected: (_socket, { code }) => {
        log.push(`conclude ${code}`);
        return true;
      },
    }),
  });
  const connection = new ServerWebSocket(server, transport, UPGRADE, 0);
  if (isOpen) connection.open();
  return { connection, transport, log };
}

test('a ping is due every pingPeriod, late sweeps or not', () => {
  const { connection, log } = connect({ pongTimeout: 1000, pingPeriod: 100 });
  connection.sweep(99);
  assert.deepEqual(log, []);
  connection.sweep(100);
  connection.sweep(199);
  assert.deepEqual(log, [`send ${PING}`]);
  connection.sweep(250);
  connection.sweep(349);
  connection.sweep(350);
  assert.deepEqual(log, [`send ${PING}`, `send ${PING}`, `send ${PING}`]);
});

test('no ping is sent to a connection that has yet to take what was sent before', () => {
  const { connection, transport, log } = connect({ pongTimeout: 1000, pingPeriod: 100 });
  transport.waitingBytes = 5;
  connection.sweep(100);
  assert.deepEqual(log, []);
  transport.waitingBytes = 0;
  connection.sweep(200);
  assert.deepEqual(log, [`send ${PING}`]);
});

test('who reads slowly, but reads, is not cut off for pings that had to wait', (t) => {
  const setTime = clock(t);
  const { connection, transport, log } = connect({ pongTimeout: 1000, pingPeriod: 900 });
  let now = 0;
  const sweepTo = (end: number) => {
    for (; now < end; now += 25) {
      setTime(now);
      if (transport.waitingBytes > 0) transport.sentBytes += 10;
      connection.sweep(now);
    }
  };
  transport.waitingBytes = 1000;
  sweepTo(5000);
  assert.deepEqual(log, []);
  transport.waitingBytes = 0;
  sweepTo(5025);
  assert.deepEqual(log, [`send ${PING}`], 'the ping is sent as soon as it need not wait');
  sweepTo(5050);
  connection.read(frame(0x8a, ''));
  sweepTo(5900);
  assert.deepEqual(log, [`send ${PING}`]);
});

test('who was sent a ping that had to wait, and does not answer it, is cut off', () => {
  const { connection, transport, log } = connect({ pongTimeout: 1000, pingPeriod: 900 });
  transport.waitingBytes = 10;
  for (let now = 0; now < 5000; now += 25) {
    transport.sentBytes += 10;
    connection.sweep(now);
  }
  transport.waitingBytes = 0;
  for (let now = 5000; now < 5200; now += 25) connection.sweep(now);
  assert.deepEqual(log.slice(0, 2), [`send ${PING}`, 'ERR_PONG_TIMEOUT']);
});

test('a connection without a pong for more than pongTimeout is cut off', (t) => {
  const setTime = clock(t);
  const { connection, log } = connect({ pongTimeout: 1000, pingPeriod: 999 });
  setTime(500);
  connection.read(frame(0x8a, ''));
  connection.sweep(999);
  connection.sweep(1500);
  assert.deepEqual(log, [`send ${PING}`]);
  connection.sweep(1501);
  assert.deepEqual(log.slice(1), ['ERR_PONG_TIMEOUT', 'conclude 1006', 'destroy']);
});

test('any byte of the client is a sign of life: no pong can stand in a long frame', () => {
  const { connection, log } = connect({ pongTimeout: 1000, pingPeriod: 900 });
  const long = frame(0x82, 'x'.repeat(900));
  let now = 0;
  for (let at = 0; at < long.length; at += 10) {
    now += 100;
    connection.read(long.subarray(at, at + 10));
    connection.sweep(now);
  }
  for (let later = 0; later <= 1000; later += 100) connection.sweep(now + later);
  assert.deepEqual([...new Set(log)], [`send ${PING}`]);
  connection.sweep(now + 1001);
  assert.equal(log.at(-3), 'ERR_PONG_TIMEOUT');
});

test('bytes of a TLS record that is not whole are a sign of life', () => {
  const { connection, transport, log } = connect({ pongTimeout: 1000, pingPeriod: 900 });
  for (let now = 0; now <= 5000; now += 100) {
    transport.arrivedBytes += 10;
    connection.sweep(now);
  }
  for (let now = 5100; now <= 6000; now += 100) connection.sweep(now);
  assert.deepEqual([...new Set(log)], [`send ${PING}`]);
  connection.sweep(6001);
  assert.equal(log.at(-3), 'ERR_PONG_TIMEOUT');
});

test('who has much to read ahead of a ping has a second more for each 64 KiB of it', () => {
  const { connection, transport, log } = connect({ pongTimeout: 1000, pingPeriod: 900 });
  transport.sentBytes = 2 ** 20;
  connection.sweep(900);
  connection.sweep(17_000);
  assert.deepEqual([...new Set(log)], [`send ${PING}`]);
  connection.sweep(17_001);
  assert.equal(log.at(-3), 'ERR_PONG_TIMEOUT');
});

test('what the kernel and the network hold ahead of a ping is 4 MiB at most', () => {
  const { connection, transport, log } = connect({ pongTimeout: 1000, pingPeriod: 900 });
  transport.sentBytes = 2 ** 30;
  connection.sweep(900);
  connection.sweep(65_000);
  assert.deepEqual([...new Set(log)], [`send ${PING}`]);
  connection.sweep(65_001);
  assert.equal(log.at(-3), 'ERR_PONG_TIMEOUT');
});

test('nobody is cut off for a ping that was not sent', () => {
  const { connection, log } = connect({ pongTimeout: 1000, pingPeriod: 900 });
  connection.sweep(50_000);
  assert.deepEqual(log, [`send ${PING}`]);
  connection.sweep(50_100);
  assert.deepEqual(log, [`send ${PING}`]);
  connection.sweep(50_101);
  assert.equal(log[1], 'ERR_PONG_TIMEOUT');
});

test('nobody is cut off, or pinged, who waits to be open', () => {
  const { connection, log } = connect({ pongTimeout: 1000, pingPeriod: 900 }, false);
  for (let now = 0; now < 9000; now += 100) connection.sweep(now);
  assert.deepEqual(log, []);
  connection.open();
  connection.sweep(9000);
  assert.deepEqual(log, [`send ${PING}`]);
});

test('a late sweep begins all waits anew', (t) => {
  const setTime = clock(t);
  const options = { pongTimeout: 1000, pingPeriod: 900, writeTimeout: 1000, closeTimeout: 1000 };
  const [silent, stalled, closing] = [connect(options), connect(options), connect(options)];
  stalled.transport.waitingBytes = 10;
  closing.connection.disconnect(1000, '');
  const all = [silent, stalled, closing];
  const sweep = (now: number, isLate: boolean) => {
    setTime(now);
    for (const { connection } of all) connection.sweep(now, isLate);
  };
  sweep(900, false);
  sweep(90_000, true);
  sweep(90_900, false);
  sweep(91_000, false);
  for (const { log } of all) assert.ok(!log.includes('destroy'));
  sweep(91_001, false);
  for (const { log } of all) assert.ok(log.includes('destroy'));
});

test('a connection whose bytes wait for more than writeTimeout is cut off', () => {
  const { connection, transport, log } = connect({ writeTimeout: 100 });
  connection.sweep(50);
  transport.waitingBytes = 10;
  connection.sweep(60);
  connection.sweep(150);
  assert.deepEqual(log, []);
  connection.sweep(151);
  assert.deepEqual(log, ['ERR_WRITE_TIMEOUT', 'conclude 1006', 'destroy']);
});

test('a connection that takes a little of what waits, time and again, is not cut off', () => {
  const { connection, transport, log } = connect({ writeTimeout: 100 });
  transport.waitingBytes = 1000;
  for (let now = 0; now < 1000; now += 100) {
    transport.sentBytes = now / 10;
    connection.sweep(now);
  }
  assert.deepEqual(log, []);
});

test('a connection that does not answer a close for more than closeTimeout is cut off', (t) => {
  const setTime = clock(t);
  const { connection, log } = connect({ closeTimeout: 100, pongTimeout: 200, pingPeriod: 10 });
  setTime(20);
  connection.disconnect(4000, '');
  assert.deepEqual(log, ['send 88020fa0', 'conclude 4000']);
  connection.sweep(120);
  assert.equal(log.length, 2);
  connection.sweep(121);
  assert.deepEqual(log.slice(2), ['destroy']);
});
