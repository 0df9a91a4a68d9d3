import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { ServerEntry } from '../../../src/main/servers/server-entry.ts';
import { PRIMARY } from '../../../src/shared/messages/control-messages.ts';
import {
  resolveServerOptions,
  type ServerOptions,
} from '../../../src/shared/options/server-options.ts';
import { InterestMap } from '../../../src/shared/tables/interest-table.ts';
import { CountsMap } from '../../../src/shared/tables/room-counts.ts';

const ADDRESS = '192.0.2.1';

/** A server that no shard has, and what lets connections in as upgrades that have been decided on. */
function openEntry(given: ServerOptions) {
  const context = {
    peers: {
      ...{ self: PRIMARY, interest: new InterestMap(), counts: new CountsMap() },
      ...{ send: () => {}, sendAlways: () => {} },
    },
    report: (error: Error) => assert.fail(error),
    close: async () => {},
  };
  const options = resolveServerOptions({ endpoint: '/a', ...given });
  const entry = new ServerEntry(1, options, context);
  const enter = (connection: number, shard: number, id: string) => {
    entry.limits.deciding(ADDRESS);
    try {
      const request = { method: 'GET', url: '/a', headers: {}, remoteAddress: ADDRESS };
      const identity = { id, request, data: undefined };
      const handshake = { key: '', protocol: '', codec: 0 };
      entry.arriving(connection, { shard, identity, handshake }, ADDRESS);
    } finally {
      entry.limits.decided(ADDRESS);
    }
  };
  return { entry, enter };
}

const PLACES = { maxConnectionsPerAddress: 2 };
const NO_PLACE = { status: 429 };
const TAKEN = { code: 'ERR_CONNECTION_ID' };
const idGenerator = () => 'unused';

test('a connection has its place and its id until it is closed, and gives them back once', () => {
  const { entry, enter } = openEntry({ ...PLACES, idGenerator });
  enter(1, 1, 'ann');
  assert.throws(() => enter(2, 1, 'ann'), TAKEN);
  enter(2, 2, 'bob');
  assert.throws(() => enter(3, 1, 'cat'), NO_PLACE);
  entry.limits.free([1], 1);
  enter(3, 1, 'ann');
  entry.limits.free([1], 1);
  assert.throws(() => enter(4, 1, 'dan'), NO_PLACE);
  entry.refused(3, 1);
  enter(4, 1, 'ann');
});

test('the connections of a shard that dies give back what they had, those of others do not', () => {
  const { entry, enter } = openEntry({ ...PLACES, idGenerator });
  enter(1, 1, 'ann');
  enter(2, 2, 'bob');
  entry.shardDied(2);
  enter(3, 1, 'bob');
  entry.limits.free([2], 2);
  assert.throws(() => enter(4, 1, 'dan'), NO_PLACE);
  entry.limits.free([3], 1);
  assert.throws(() => enter(4, 1, 'ann'), TAKEN);
});

test('ids are unique without a limit on addresses, and addresses are limited without own ids', () => {
  const named = openEntry({ idGenerator });
  for (const connection of [1, 2, 3]) named.enter(connection, 1, String(connection));
  assert.throws(() => named.enter(4, 1, '3'), TAKEN);
  const limited = openEntry(PLACES);
  for (const connection of [1, 2]) limited.enter(connection, 1, 'the same');
  assert.throws(() => limited.enter(3, 1, 'the same'), NO_PLACE);
});
