import { strict as assert } from 'node:assert';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { RelayEvent } from '../../../src/shared/relay/relay-messages.ts';
import { TlsRelay } from '../../../src/workers/adopt/tls-relay.ts';

const LOOK = 5_000; // ms

/** A TCP connection, with what its handle says. */
class Raw extends EventEmitter {
  readonly _handle = { bytesWritten: 2_935, writeQueueSize: 0 };

  destroy(): void {
    this.emit('close');
  }
}

/** A connection with a write that has not ended; `end` ends it. */
function writeOne(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const raw = new Raw();
  const events: RelayEvent['is'][] = [];
  const relay = new TlsRelay(raw as unknown as Socket, ({ is }) => events.push(is));
  let end = () => {};
  const socket = new Duplex({
    read: () => {},
    write: (_chunk, _encoding, done) => {
      end = done;
    },
  });
  relay.start(socket as TLSSocket);
  relay.carryOut({ do: 'write', bytes: Buffer.from('HTTP/1.1 404 Not Found\r\n\r\n') });
  return { raw, relay, events, end: () => end() };
}

test('bytes that TLS keeps back although TCP has room end the connection', (t) => {
  const { events } = writeOne(t);
  t.mock.timers.tick(LOOK - 1);
  assert.deepEqual(events, []);
  t.mock.timers.tick(1);
  assert.deepEqual(events, ['closed']);
});

test('a client that does not read, or reads slowly, is left alone', (t) => {
  const { raw, events } = writeOne(t);
  raw._handle.writeQueueSize = 100;
  for (let i = 0; i < 5; i++) t.mock.timers.tick(LOOK);
  raw._handle.writeQueueSize = 0;
  for (let i = 0; i < 5; i++) {
    raw._handle.bytesWritten += 1;
    t.mock.timers.tick(LOOK);
  }
  assert.deepEqual(events, []);
  t.mock.timers.tick(LOOK);
  assert.deepEqual(events, ['closed']);
});

test('nobody looks at a connection whose write is over, or that has been let go', async (t) => {
  const { relay, events, end } = writeOne(t);
  end();
  await new Promise(setImmediate); // the stream calls back a turn later
  t.mock.timers.tick(2 * LOOK);
  assert.deepEqual(events, ['written']);
  relay.carryOut({ do: 'write', bytes: Buffer.from('more') });
  relay.release();
  t.mock.timers.tick(2 * LOOK);
  assert.deepEqual(events, ['written']);
});
