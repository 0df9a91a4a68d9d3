import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { All, Broadcast, NotMe, type Server, type Target } from '../../../src/main/index.ts';
import type { Verb } from '../fixtures/verbs.ts';
import { addServer, SETUPS, withEngine } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);

/** Four connections, spread over both shards: ann, bob and cid are in the room `r`, dan is not. */
type Name = 'ann' | 'bob' | 'cid' | 'dan';
const NAMES: readonly Name[] = ['ann', 'bob', 'cid', 'dan'];
const MEMBERS: readonly Name[] = ['ann', 'bob', 'cid'];

interface Case {
  readonly title: string;
  /** Whose connection sends; nobody's: `server.to` on the primary. */
  readonly from?: Name;
  readonly verb?: Verb;
  readonly target?: Target | ((ids: Record<Name, string>) => Target);
  readonly reaches: readonly Name[];
}

const CASES: readonly Case[] = [
  {
    title: 'All is everyone, the sender too',
    from: 'ann',
    verb: 'to',
    target: All,
    reaches: NAMES,
  },
  {
    title: 'NotMe is everyone but the sender',
    from: 'ann',
    verb: 'toOthers',
    reaches: ['bob', 'cid', 'dan'],
  },
  {
    title: 'a room is its members, and the sender who is one',
    from: 'bob',
    verb: 'to',
    target: 'r',
    reaches: MEMBERS,
  },
  {
    title: 'a room is its members, and not the sender who is none',
    from: 'dan',
    verb: 'to',
    target: 'r',
    reaches: MEMBERS,
  },
  {
    title: 'an id is one connection of the own shard',
    from: 'ann',
    verb: 'to',
    target: (ids) => ids.cid,
    reaches: ['cid'],
  },
  {
    title: 'an id is one connection of another shard',
    from: 'ann',
    verb: 'to',
    target: (ids) => ids.dan,
    reaches: ['dan'],
  },
  {
    title: 'its own id is the sender alone',
    from: 'ann',
    verb: 'to',
    target: (ids) => ids.ann,
    reaches: ['ann'],
  },
  { title: 'an unknown room or id is nobody', from: 'ann', verb: 'to', target: 'x', reaches: [] },
  {
    title: 'a native message goes to a room like an event',
    from: 'dan',
    verb: 'toNative',
    target: 'r',
    reaches: MEMBERS,
  },
  {
    title: 'the server of a connection sends to All',
    from: 'ann',
    verb: 'serverTo',
    target: All,
    reaches: NAMES,
  },
  {
    title: 'the server of a connection has no sender for NotMe to leave out',
    from: 'ann',
    verb: 'serverToOthers',
    reaches: NAMES,
  },
  {
    title: 'the server of a connection sends to a room',
    from: 'dan',
    verb: 'serverTo',
    target: 'r',
    reaches: MEMBERS,
  },
  { title: 'a server on the primary sends to All', target: All, reaches: NAMES },
  { title: 'a server on the primary has no sender to leave out', target: NotMe, reaches: NAMES },
  { title: 'Broadcast is NotMe', target: Broadcast, reaches: NAMES },
  { title: 'a server on the primary sends to a room', target: 'r', reaches: MEMBERS },
  { title: 'a server on the primary sends to an id', target: (ids) => ids.dan, reaches: ['dan'] },
  { title: 'a server on the primary sends to nobody', target: 'nobody', reaches: [] },
];

for (const { place, shards } of SETUPS) {
  test(`whom a target means: ${place}, ${shards} shards`, async (t) => {
    await withEngine({ shards }, async ({ engine, port }) => {
      const server = await addServer(engine, place, VERBS, { endpoint: '/t' });
      const clients = {} as Record<Name, VerbClient>;
      const ids = {} as Record<Name, string>;
      for (const name of NAMES) {
        const client = await VerbClient.open({ port }, '/t');
        clients[name] = client;
        ids[name] = (await client.do('id')) as string;
        if (MEMBERS.includes(name)) await client.do('join', 'r');
      }
      for (const testCase of CASES) {
        await t.test(testCase.title, () => runCase(testCase, { server, clients, ids }));
      }
      for (const name of NAMES) await clients[name][Symbol.asyncDispose]();
    });
  });
}

interface Context {
  readonly server: Server;
  readonly clients: Record<Name, VerbClient>;
  readonly ids: Record<Name, string>;
}

async function runCase({ from, verb, target, reaches }: Case, { server, clients, ids }: Context) {
  const resolved = typeof target === 'function' ? target(ids) : target;
  if (from === undefined) {
    server.to(resolved as Target).emit('said', 'hello');
    server.to(All).emit('end');
  } else {
    const args = resolved === undefined ? ['hello'] : [resolved, 'hello'];
    await clients[from].do(verb as Verb, ...args);
    await clients[from].do('endOf', All);
  }
  const expected = verb === 'toNative' ? 'hello' : ['said', 'hello'];
  for (const name of NAMES) {
    const received = await clients[name].untilEnd();
    assert.deepEqual(received, reaches.includes(name) ? [expected] : [], name);
  }
}
