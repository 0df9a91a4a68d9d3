import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { MessagePort } from 'node:worker_threads';
import { SocketRelay } from '../../../src/main/place/socket-relay.ts';
import type { RelayCommand, RelayEvent } from '../../../src/shared/relay/relay-messages.ts';

/** A socket whose client reads when the test says so, and has a timeout of the HTTP server. */
class FakeSocket extends Duplex {
  timeoutMs = 60_000;
  readonly writes: (() => void)[] = [];

  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(done);
    this.emit('written');
  }

  setTimeout(ms: number): void {
    this.timeoutMs = ms;
  }
}

/** A relay, and what its shard is told, in words. */
function open(t: TestContext) {
  const socket = new FakeSocket();
  const relay = new SocketRelay(socket.pause());
  relay.start();
  const far: MessagePort = relay.far;
  const told: string[] = [];
  far.on('message', (event: RelayEvent) =>
    told.push(event.is === 'data' ? Buffer.from(event.bytes).toString() : event.is),
  );
  t.after(() => far.close());
  const carryOut = (command: RelayCommand) => far.postMessage(command);
  /** Resolves when the shard has been told this. */
  const hears = async (what: string) => {
    while (told.at(-1) !== what) await once(far, 'message');
  };
  return { socket, far, told, carryOut, hears };
}

test('of a client that sends much one chunk is on its way at a time', async (t) => {
  const { socket, told, carryOut, hears } = open(t);
  for (const chunk of ['one', 'two', 'three']) socket.push(chunk);
  for (const chunk of ['one', 'two']) {
    carryOut({ do: 'pull' });
    await hears(chunk);
    carryOut({ do: 'write', bytes: Buffer.from('x') });
    await once(socket, 'written');
    socket.writes.pop()?.();
    await hears('written');
  }
  assert.deepEqual(told, ['one', 'written', 'two', 'written']);
});

test('bytes are written when the client has taken them', async (t) => {
  const { socket, told, carryOut, hears } = open(t);
  carryOut({ do: 'write', bytes: Buffer.from('x') });
  await once(socket, 'written');
  carryOut({ do: 'pull' });
  socket.push('meanwhile');
  await hears('meanwhile');
  assert.deepEqual(told, ['meanwhile']);
  socket.writes.pop()?.();
  await hears('written');
});

test('a socket that is gone is told, and is let go where the shard is', async (t) => {
  const gone = open(t);
  gone.socket.destroy();
  await gone.hears('closed');
  const left = open(t);
  left.far.close();
  await once(left.socket, 'close');
});

test('the timeout of the HTTP server is not that of the connection', (t) => {
  assert.equal(open(t).socket.timeoutMs, 0);
});
