import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { PrimaryServer, type ServerContext } from '../../src/main/primary-server.ts';
import type { Codec } from '../../src/shared/codec.ts';
import { resolveServerConfig } from '../../src/shared/config.ts';
import { InterestMap, InterestTable, interestKey } from '../../src/shared/interest-table.ts';
import type { RoutedRecord } from '../../src/shared/routed-record.ts';

const SERVER = 3;
const MSGPACK = 1;

/** A server whose handlers are in shards, of which there is one; what is sent there is kept. */
function createServer() {
  const interest = new InterestMap();
  interest.set(1, InterestTable.allocate());
  const sent: RoutedRecord[] = [];
  const outlet = {
    interest,
    send: (records: readonly RoutedRecord[]) => sent.push(...records),
  } as unknown as ServerContext;
  const handlers = new URL('file:///handlers.js');
  const config = resolveServerConfig({ endpoint: '/m', codec: 'negotiate', handlers });
  const join = (codec: number) => interest.of(1)?.add(interestKey(SERVER, codec, 'red'));
  return { server: new PrimaryServer(SERVER, config, outlet), sent, join };
}

test('what it sends is encoded for the codecs of those who are there, once for each', () => {
  const { server, sent, join } = createServer();
  const encoded: string[] = [];
  const publish = () =>
    server.publish('red', 0, (codec: Codec) => {
      encoded.push(codec.name);
      return codec.encode('chat', 'x');
    });
  publish();
  assert.deepEqual([encoded, sent], [[], []]);
  for (let i = 0; i < 3; i++) join(MSGPACK);
  publish();
  assert.deepEqual([encoded, sent.length], [['msgpack'], 1]);
});

test('what it has asked of shards is settled when it is closed', async () => {
  const { server, sent, join } = createServer();
  join(MSGPACK);
  const encode = (codec: Codec) => codec.encode('add', 'x');
  const asked = server.ask('red', 0, { encode, timeoutMs: 60_000 });
  assert.equal(sent.length, 1);
  server.closed();
  assert.deepEqual(await asked, { answers: [], missing: [], silentShards: [1] });
});
