import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { ConnectionPage, RoomPage } from '../../../src/main/index.ts';
import { CALLERS, callerOf, OutsideClient } from '../kit/outside-client.ts';
import { addServer, SETUPS, withEngine } from '../kit/test-engine.ts';

const OUTSIDE = new URL('../fixtures/outside.ts', import.meta.url);
const options = {
  endpoint: '/o',
  codec: 'negotiate',
  authorize: ({ url }: { url: string }) => ({ url }),
} as const;

/** Four connections, in turn on shard 1 and 2, of either codec on each. */
async function openFour(port: number) {
  const ann = await OutsideClient.open(port, '/o?ann', ['red', 'blue']);
  const bob = await OutsideClient.open(port, '/o?bob', ['red'], 'msgpack');
  const cid = await OutsideClient.open(port, '/o?cid', ['blue', 'green'], 'msgpack');
  const dan = await OutsideClient.open(port, '/o?dan', ['green', 'blue']);
  const all = [ann, bob, cid, dan];
  const close = () => Promise.all(all.map((client) => client[Symbol.asyncDispose]()));
  return { ann, bob, cid, dan, all, close };
}

for (const { place, shards } of SETUPS) {
  for (const who of CALLERS) {
    const title = `${place}, ${shards} shards, called by ${who}`;

    test(`connections and rooms are listed and counted: ${title}`, async () => {
      await withEngine({ shards }, async ({ engine, port }) => {
        const server = await addServer(engine, place, OUTSIDE, options);
        const { ann, cid, dan, all, close } = await openFour(port);
        const call = callerOf(who, server, ann);
        assert.equal(await call('count'), 4);
        for (const [room, count] of Object.entries({ red: 2, blue: 3, none: 0, [cid.id]: 1 })) {
          assert.equal(await call('count', { room }), count, room);
        }
        const { connections, silentShards } = (await call('connections')) as ConnectionPage;
        assert.deepEqual(silentShards, []);
        assert.deepEqual(
          connections.map(({ id }) => id),
          all.map(({ id }) => id),
        );
        const shard = shards === 0 ? 1 : 2;
        const data = { url: '/o?dan' };
        const rooms = [dan.id, 'green', 'blue'];
        const info = { id: dan.id, shard, remoteAddress: '127.0.0.1', data, rooms };
        assert.deepEqual(connections[3], info);

        const blue: string[] = [];
        let cursor: string | undefined;
        do {
          const options = { room: 'blue', limit: 2, ...(cursor && { cursor }) };
          const page = (await call('connections', options)) as ConnectionPage;
          assert.ok(page.connections.length <= 2);
          blue.push(...page.connections.map(({ id }) => id));
          cursor = page.cursor;
        } while (typeof cursor === 'string');
        assert.deepEqual(blue, [ann.id, cid.id, dan.id]);

        const first = (await call('rooms', { limit: 2 })) as RoomPage;
        const named = (room: string, count: number) => ({ room, count });
        assert.deepEqual(first.rooms, [named('blue', 3), named('green', 2)]);
        const { rooms: others } = (await call('rooms', { cursor: first.cursor })) as RoomPage;
        assert.deepEqual(others, [named('red', 2)]);
        await close();
      });
    });

    test(`connections are joined, left and closed from outside: ${title}`, async () => {
      await withEngine({ shards }, async ({ engine, port }) => {
        const server = await addServer(engine, place, OUTSIDE, { ...options, maxRooms: 3 });
        const { ann, bob, cid, dan, close } = await openFour(port);
        const log = await OutsideClient.open(port, '/o?log', ['log']);
        const call = callerOf(who, server, ann);
        for (const [whom, members] of [
          [bob.id, [bob]],
          [{ room: 'green' }, [bob, cid, dan]],
        ] as const) {
          if (who === 'a connection') {
            ann.emit('joinAndTell', [whom, 'new', 'x']);
          } else {
            server.join(whom, 'new');
            server.to('new').emit('said', 'x');
          }
          for (const client of members) assert.deepEqual(await client.next(), ['said', 'x']);
          assert.equal(await call('count', { room: 'new' }), members.length);
        }

        await call('leave', [bob.id, cid.id, 'nobody'], 'new');
        const left = [(await log.next()) as unknown[], (await log.next()) as unknown[]];
        assert.deepEqual(
          new Set(left.map(([, detail]) => String(detail))),
          new Set([`${bob.id},new`, `${cid.id},new`]),
        );
        // The log may be in another shard: what they are told behind it has passed the leaving.
        for (const client of [bob, cid]) assert.equal(await client.do('id'), client.id);
        assert.equal(await call('count', { room: 'new' }), 1);

        await call('join', dan.id, 'one too many');
        assert.deepEqual(await log.next(), ['failed', [dan.id, 'ERR_ROOM_LIMIT']]);

        await call('disconnect', { room: 'green' }, 4001, 'bye');
        for (const client of [cid, dan]) {
          assert.deepEqual(await client.closed(), { code: 4001, reason: 'bye' });
        }
        await call('disconnect', bob.id);
        assert.equal((await bob.closed()).code, 1000);
        await log[Symbol.asyncDispose]();
        await close();
      });
    });
  }

  test(`several targets and exceptions reach each member once: ${place}, ${shards} shards`, async (t) => {
    await withEngine({ shards }, async ({ engine, port }) => {
      const server = await addServer(engine, place, OUTSIDE, options);
      const { ann, bob, cid, dan, all, close } = await openFour(port);
      const cases = [
        { to: ['red', 'blue'], except: null, reach: all },
        { to: ['red', 'blue'], except: ['green'], reach: [ann, bob] },
        { to: ['red', cid.id], except: null, reach: [ann, bob, cid] },
        { to: ['blue', 'green'], except: [dan.id, 'red'], reach: [cid] },
        { to: [''], except: ['red'], reach: [cid, dan] },
        { to: '', except: [ann.id], reach: [bob, cid, dan] },
        { to: [], except: null, reach: [] },
        { to: ['nobody'], except: ['red'], reach: [] },
      ];
      for (const { to, except, reach } of cases) {
        for (const who of CALLERS) {
          await t.test(`${who}: ${cases.findIndex((one) => one.to === to)}`, async () => {
            if (who === 'a connection') bob.emit('to', [to, except, 'x']);
            else {
              const emitter = server.to(to);
              (except === null ? emitter : emitter.except(except)).emit('said', 'x');
              server.to('').emit('end');
            }
            for (const client of all) {
              const expected = reach.includes(client) ? [['said', 'x']] : [];
              assert.deepEqual(await client.untilEnd(), expected);
            }
          });
        }
      }
      await t.test('they are asked once, too', async () => {
        const emitter = server.to(['red', 'blue']).except(['green']);
        const { missing } = await emitter.emitWithAck('who', null, { timeoutMs: 50 });
        const ids = missing.map(({ id }) => id).sort();
        assert.deepEqual(ids, [ann.id, bob.id].sort());
      });
      await close();
    });
  });
}
