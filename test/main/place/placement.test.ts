import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { chooseHost } from '../../../src/main/place/placement.ts';

/** A host that every other one sends to, and that has every server. */
function host(number: number, load = 0, unconnected: number[] = []) {
  return { number, load, unconnected: new Set(unconnected), loading: new Set<number>() };
}

/** Hosts from number 1 on, with so many connections of all servers. */
function hosts(...counts: number[]) {
  return counts.map((load, i) => host(i + 1, load));
}

/** A server that is ready everywhere, with so many connections in a host. */
function ready(connectionsIn: (host: number) => number) {
  return { connectionsIn, isReadyIn: () => true };
}

/** The number of the host that is chosen where each has so many connections of the server. */
function choice(ofAll: number[], ofServer: number[]): number | undefined {
  return chooseHost(
    hosts(...ofAll),
    ready((number) => ofServer[number - 1] ?? 0),
  )?.number;
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
      const chosen = chooseHost(
        shards,
        ready((number) => server.get(number) ?? 0),
      );
      assert.ok(chosen);
      chosen.load += 1;
      server.set(chosen.number, (server.get(chosen.number) ?? 0) + 1);
    }
  }
  for (const server of servers) assert.deepEqual([...server.values()], [5, 5]);
});

test('a shard that others do not send to yet gets no connection, unless there is no other', () => {
  const [settled, fresh, fresher] = [host(1), host(2, 0, [1]), host(3, 0, [1, 2])];
  /** Those that get connections, if only they have few enough. */
  const reachable = (...those: (typeof settled)[]) =>
    those.filter(
      (one) =>
        chooseHost(
          those,
          ready((number) => Number(number !== one.number)),
        ) === one,
    );
  assert.deepEqual(reachable(settled, fresh), [settled]);
  assert.deepEqual(reachable(fresh, fresher), [fresh, fresher]);
  assert.deepEqual(reachable(), []);
  fresh.unconnected.delete(1);
  assert.deepEqual(reachable(settled, fresh, fresher), [settled, fresh]);
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
