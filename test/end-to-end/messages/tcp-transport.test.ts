import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { TcpTransport } from '../../../src/workers/write/tcp-transport.ts';
import { text } from '../../conformance/client-frames.ts';
import { RawClient } from '../kit/raw-client.ts';
import { addServer, withEngine } from '../kit/test-engine.ts';
import { skippedOverTls } from '../kit/transport.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const skip = skippedOverTls('TLS needs a stream');

test('a connection is read from its handle, wherever that is possible', { skip }, async (t) => {
  const hasRead = t.mock.method(TcpTransport.prototype, 'hasRead');
  await withEngine({ shards: 0 }, async ({ engine, port }) => {
    await addServer(engine, 'closures', VERBS, { endpoint: '/v' });
    await using client = await RawClient.open(port, '/v');
    client.send(text('an echo'));
    assert.equal(await client.message(), 'an echo');
    assert.equal(hasRead.mock.callCount(), TcpTransport.isPossible ? 1 : 0);
  });
});
