import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Upgrade } from '../../../src/shared/messages/control-messages.ts';
import {
  resolveServerOptions,
  type ServerOptions,
} from '../../../src/shared/options/server-options.ts';
import { ServerWebSocket } from '../../../src/workers/connection/web-socket.ts';
import { startKeepalive } from '../../../src/workers/shard/keepalive.ts';
import { Transport } from '../../../src/workers/write/transport.ts';
import { frame } from '../../conformance/client-frames.ts';
import { silentDispatch, socketContext } from '../connection/socket-context.ts';

const PING = '8900';
const UPGRADE = { protocol: '', codec: 0 } as Upgrade;

function sweepingServer(options: ServerOptions, sockets: { sweep(now: number): void }[]) {
  return { options: resolveServerOptions(options), sockets: () => sockets };
}

test('every connection is swept, at a quarter of the shortest time that counts', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  for (const [options, period] of [
    [{ pongTimeout: 400, pingPeriod: 200 }, 50],
    [{ pongTimeout: 400, pingPeriod: 300 }, 25],
    [{ writeTimeout: 80 }, 20],
    [{ closeTimeout: 60 }, 15],
    [{ pingPeriod: 1 }, 5],
    [{ pongTimeout: 600_000, writeTimeout: 600_000, closeTimeout: 600_000 }, 1000],
  ] as const) {
    let sweeps = 0;
    const sweep = () => {
      sweeps += 1;
    };
    const stop = startKeepalive(sweepingServer(options, [{ sweep }, { sweep }]));
    t.mock.timers.tick(period - 1);
    assert.equal(sweeps, 0);
    t.mock.timers.tick(1);
    assert.equal(sweeps, 2);
    t.mock.timers.tick(period);
    assert.equal(sweeps, 4);
    stop();
    t.mock.timers.tick(10 * period);
    assert.equal(sweeps, 4);
  }
});

/** A transport whose client the test makes read, or not. */
class SetTransport extends Transport {
  readonly log: string[];
  #waitingBytes = 0;
  #sentBytes = 0;

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

/** An open connection, at the time 0, whose transport the test sets. */
function connect(options: ServerOptions) {
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
  connection.open();
  return { connection, transport, log };
}

/** Has the clock that connections read show a time of the test's own. */
function clock(t: { mock: typeof import('node:test').mock }) {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  return (time: number) => {
    now = time;
  };
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
  connection.sweep(1500);
  assert.deepEqual(log, [`send ${PING}`]);
  connection.sweep(1501);
  assert.deepEqual(log.slice(1), ['ERR_PONG_TIMEOUT', 'conclude 1006', 'destroy']);
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
