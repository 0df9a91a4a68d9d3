import { strict as assert } from 'node:assert';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { Refusal, refusalOf, refuse } from '../../../src/shared/api/refusal.ts';

/** A socket whose peer takes everything at once. */
class FakeSocket extends Duplex {
  written = '';

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written += chunk.toString('latin1');
    done();
  }
}

test('a refusal is an HTTP answer with a short body, and the end', async () => {
  const socket = new FakeSocket();
  const closed = new Promise((resolve) => socket.on('close', resolve));
  refuse(socket, new Refusal(426, '✓', { 'Sec-WebSocket-Version': '13' }));
  await closed;
  assert.equal(
    socket.written,
    'HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\n' +
      'Content-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n' +
      `Sec-WebSocket-Version: 13\r\n\r\n${Buffer.from('✓').toString('latin1')}`,
  );
});

test('an upgrade that comes too late gets a 503, and the end', async () => {
  const socket = new FakeSocket();
  const closed = new Promise((resolve) => socket.on('close', resolve));
  refuse(socket, new Refusal(503));
  await closed;
  assert.equal(
    socket.written,
    'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n' +
      'Content-Type: text/plain; charset=utf-8\r\nContent-Length: 19\r\n\r\nService Unavailable',
  );
});

test('a peer that goes away meanwhile is of no consequence', () => {
  const socket = new FakeSocket();
  refuse(socket, new Refusal(503));
  assert.equal(socket.emit('error', new Error('ECONNRESET')), true);
});

test('a peer to which nothing can be written is cut', () => {
  const socket = new FakeSocket();
  socket.end();
  refuse(socket, new Refusal(503));
  assert.equal(socket.destroyed, true);
});

test('a peer that does not read its refusal is cut', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const socket = new Duplex({ read() {}, write() {} });
  refuse(socket, new Refusal(404));
  t.mock.timers.tick(4_999);
  assert.equal(socket.destroyed, false);
  t.mock.timers.tick(1);
  assert.equal(socket.destroyed, true);
});

test('a peer that has gone is not answered', () => {
  const socket = new FakeSocket();
  socket.destroy();
  refuse(socket, new Refusal(400));
  assert.equal(socket.written, '');
});

test('a refusal is what HTTP can say, or none at all', () => {
  assert.equal(new Refusal(404).message, 'Not Found');
  assert.equal(new Refusal(499).message, 'Refused');
  for (const status of [101, 200, 399, 600, 400.5, Number.NaN]) {
    assert.throws(() => new Refusal(status), RangeError);
  }
  assert.throws(() => new Refusal(400, '', { 'X-A': 'b\r\nX-C: d' }), { name: 'TypeError' });
  assert.throws(() => new Refusal(400, '', { 'X A': 'b' }), { name: 'TypeError' });
});

test('a refusal has the status of an error, and headers that can be sent', () => {
  assert.deepEqual(
    [400, 599].map((status) => new Refusal(status).status),
    [400, 599],
  );
  for (const status of [101, 200, 399, 600, 403.5, Number.NaN, '403'] as number[]) {
    assert.throws(() => new Refusal(status), RangeError);
  }
  for (const headers of [
    { 'X A': 'b' },
    { '': 'b' },
    { 'X-A': 'b\r\nX-B: c' },
    { 'X-A': '✓' },
    { 'X-A': undefined as unknown as string },
  ]) {
    assert.throws(() => new Refusal(403, 'no', headers), TypeError);
  }
});

test('what is thrown is a refusal where it has the status of an error', () => {
  const refusal = new Refusal(402, 'pay', { 'X-A': 'b' });
  assert.equal(refusalOf(refusal), refusal);
  const made = refusalOf(Object.assign(new Error('gone'), { status: 410 }));
  assert.deepEqual([made?.status, made?.message, made?.headers], [410, 'gone', {}]);
  assert.equal(refusalOf({ status: 599 })?.message, 'Refused');
  for (const thrown of [null, undefined, 'x', {}, { status: 399 }, { status: 600 }]) {
    assert.equal(refusalOf(thrown), undefined);
  }
  for (const status of ['403', 403.5, Number.NaN]) assert.equal(refusalOf({ status }), undefined);
});
