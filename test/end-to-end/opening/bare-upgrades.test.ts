import { strict as assert } from 'node:assert';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { text } from '../../conformance/client-frames.ts';
import { RawClient } from '../kit/raw-client.ts';
import { addServer, withEngine } from '../kit/test-engine.ts';
import { skippedOverTls } from '../kit/transport.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const skip = skippedOverTls('the primary reads no handles there');

test('an upgrade makes no socket in the primary, a request does', { skip }, async () => {
  let sockets = 0;
  const count = () => {
    sockets += 1;
  };
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    await addServer(engine, 'module', VERBS, { endpoint: '/v' });
    subscribe('net.server.socket', count);
    try {
      await using client = await RawClient.open(port, '/v');
      client.send(text('an echo'));
      assert.equal(await client.message(), 'an echo');
      assert.equal(sockets, 0);
      sockets = 0;
      await using other = await RawClient.connect(port);
      other.send('GET /v HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.match(await other.head(), /^HTTP\/1\.1 426 /);
      assert.equal(sockets, 1);
    } finally {
      unsubscribe('net.server.socket', count);
    }
  });
});

test('who has said nothing yet is ended with the engine', { skip }, async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    await addServer(engine, 'module', VERBS, { endpoint: '/v' });
    const silent = connect(port, '127.0.0.1').on('error', () => {}); // it may be reset
    silent.resume().on('close', () => resolve());
    await once(silent, 'connect');
    await using client = await RawClient.open(port, '/v'); // accepted behind it
    client.send(text('an echo'));
    assert.equal(await client.message(), 'an echo');
  });
  await promise;
});
