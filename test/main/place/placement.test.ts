import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { chooseHost, fewestConnections, reachable } from '../../../src/main/place/placement.ts';

/** Hosts from number 1 on, with so many connections of all servers. */
function hosts(...counts: number[]) {
  return counts.map((load, i) => ({ number: i + 1, load }));
}

/** The number of the host that is chosen where each has so many connections of the server. */
function choice(ofAll: number[], ofServer: number[]): number | undefined {
  return fewestConnections(hosts(...ofAll), (host) => ofServer[host - 1] ?? 0)?.number;
}

test('the next connection goes where its server has the fewest', () => {
  assert.equal(choice([0, 0, 0], [3, 1, 2]), 2);
  assert.equal(choice([0, 9, 9], [3, 2, 1]), 3);
  assert.equal(choice([9, 0, 0], [0, 2, 1]), 1);
});

test('of equals it goes where the fewest of all servers are, and of equals to the first', () => {
  assert.equal(choice([3, 2, 1], [1, 1, 1]), 3);
  assert.equal(choice([2, 1, 1], [0, 0, 0]), 2);
  assert.equal(choice([1, 1, 0], [1, 1, 2]), 1);
});

test('where there is no host, none is chosen', () => {
  assert.equal(choice([], []), undefined);
});

test('pages that open a connection of each of two servers are spread for both', () => {
  const shards = hosts(0, 0);
  const servers = [new Map<number, number>(), new Map<number, number>()];
  for (let page = 0; page < 10; page++) {
    for (const server of servers) {
      const host = fewestConnections(shards, (number) => server.get(number) ?? 0);
      assert.ok(host);
      host.load += 1;
      server.set(host.number, (server.get(host.number) ?? 0) + 1);
    }
  }
  for (const server of servers) assert.deepEqual([...server.values()], [5, 5]);
});

test('a shard that others do not send to yet gets no connection, unless there is no other', () => {
  const ready = { number: 1, unconnected: new Set<number>() };
  const fresh = { number: 2, unconnected: new Set([1]) };
  const fresher = { number: 3, unconnected: new Set([1, 2]) };
  assert.deepEqual(reachable([ready, fresh]), [ready]);
  assert.deepEqual(reachable([fresh, fresher]), [fresh, fresher]);
  assert.deepEqual(reachable([]), []);
  fresh.unconnected.delete(1);
  assert.deepEqual(reachable([ready, fresh, fresher]), [ready, fresh]);
});

test('connections go where they need not wait and miss nothing, and if that is nowhere, anywhere', () => {
  const full = { number: 1, load: 9, unconnected: new Set<number>(), loading: new Set<number>() };
  const [without, loading, fresh] = [
    { ...full, number: 2, load: 0 },
    { ...full, number: 3, load: 0, loading: new Set([7]) },
    { ...full, number: 4, load: 0, unconnected: new Set([1]) },
  ];
  const server = { connectionsIn: () => 0, isReadyIn: (host: number) => host !== 2 };
  for (const worse of [without, loading, fresh]) {
    assert.equal(chooseHost([worse, full], server), full);
    assert.equal(chooseHost([worse], server), worse);
  }
  assert.equal(chooseHost([without, loading], server), loading);
  assert.equal(chooseHost([full, without]), without, 'what it is for is not known yet');
  assert.equal(chooseHost([], server), undefined);
});
