import { strict as assert } from 'node:assert';
import { type TestContext, test } from 'node:test';
import { SETUPS, withEngine, withServer } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const LIMITS = { maxRooms: 3, maxRoomNameBytes: 40 };

type Open = () => Promise<VerbClient>;

const CASES: Record<string, (open: Open) => Promise<void>> = {
  'is in the room of its own id, and cannot leave it': async (open) => {
    await using ann = await open();
    const id = await ann.do('id');
    assert.deepEqual(await ann.do('rooms'), [id]);
    assert.equal(await ann.do('isJoined', id), true);
    assert.equal(await ann.do('leave', id), false);
    await ann.do('join', id);
    assert.deepEqual(await ann.do('rooms'), [id]);
    await ann.do('to', id, 'still there');
    assert.deepEqual(await ann.next(), ['said', 'still there']);
  },

  'knows its rooms': async (open) => {
    await using ann = await open();
    const id = await ann.do('id');
    assert.equal(await ann.do('isJoined', 'red'), false);
    await ann.do('join', 'red');
    await ann.do('join', 'blue');
    await ann.do('join', 'red');
    assert.deepEqual(await ann.do('rooms'), [id, 'red', 'blue']);
    assert.equal(await ann.do('isJoined', 'red'), true);
    assert.equal(await ann.do('leave', 'red'), true);
    assert.equal(await ann.do('leave', 'red'), false);
    assert.equal(await ann.do('isJoined', 'red'), false);
    assert.deepEqual(await ann.do('rooms'), [id, 'blue']);
  },

  'hears nothing of a room that it has left': async (open) => {
    await using ann = await open();
    await ann.do('join', 'red');
    await ann.do('to', 'red', 'one');
    await ann.do('leave', 'red');
    await ann.do('to', 'red', 'two');
    await ann.do('endOf', await ann.do('id'));
    assert.deepEqual(await ann.untilEnd(), [['said', 'one']]);
  },

  'gets a message once from a room that it has joined twice': async (open) => {
    await using ann = await open();
    await ann.do('join', 'red');
    await ann.do('join', 'red');
    await ann.do('to', 'red', 'one');
    await ann.do('endOf', await ann.do('id'));
    assert.deepEqual(await ann.untilEnd(), [['said', 'one']]);
  },

  'refuses a name with half of a surrogate pair, which would become another name': async (open) => {
    await using ann = await open();
    const replaced = '\ufffd'; // what UTF-8 has for it
    await ann.do('join', replaced);
    for (const room of ['\ud800', 'a\udc00', '\udc00\ud800']) {
      await assert.rejects(ann.do('join', room), { code: 'ERR_ROOM_NAME' });
      for (const verb of ['to', 'serverTo'] as const) {
        await assert.rejects(ann.do(verb, room, 'lost'), { code: 'ERR_ROOM_NAME' });
      }
    }
    await ann.do('to', replaced, 'still there');
    assert.deepEqual(await ann.next(), ['said', 'still there']);
  },

  'may join the room of another id, whose owner stays in it': async (open) => {
    await using ann = await open();
    await using bob = await open();
    const id = await ann.do('id');
    await bob.do('join', id);
    await bob.do('to', id, 'both');
    assert.deepEqual(await ann.next(), ['said', 'both']);
    assert.deepEqual(await bob.next(), ['said', 'both']);
    await bob.do('leave', id);
    await bob.do('to', id, 'one');
    assert.deepEqual(await ann.next(), ['said', 'one']);
    await bob.do('endOf', '');
    assert.deepEqual(await bob.untilEnd(), []);
  },

  'tells onLeave of each room that it leaves': async (open) => {
    await using ann = await open();
    const id = await ann.do('id');
    for (const room of ['red', 'blue', 'watchers']) await ann.do('join', room);
    await ann.do('leave', 'red');
    await ann.do('leave', 'never joined');
    await ann.do('leave', 'blue');
    await ann.do('endOf', 'watchers');
    assert.deepEqual(await ann.untilEnd(), [
      ['saw', [id, 'leave', 'red']],
      ['saw', [id, 'leave', 'blue']],
    ]);
  },

  'is in maxRooms rooms at most, that of its own id aside': async (open) => {
    await using ann = await open();
    for (const room of ['1', '2', '3']) await ann.do('join', room);
    await assert.rejects(ann.do('join', '4'), {
      code: 'ERR_ROOM_LIMIT',
      message: /maxRooms \(3\)/,
    });
    await ann.do('join', '3');
    await ann.do('leave', '1');
    await ann.do('join', '4');
    assert.equal(await ann.do('isJoined', '4'), true);
  },

  'refuses what is no name of a room': async (open) => {
    await using ann = await open();
    const long = { code: 'ERR_ROOM_NAME', message: /42 bytes is over maxRoomNameBytes \(40\)/ };
    await assert.rejects(ann.do('join', 'é'.repeat(21)), long);
    await ann.do('join', 'é'.repeat(20));
    await assert.rejects(ann.do('join', ''), { code: 'ERR_ROOM_NAME', message: /not ''/ });
    await assert.rejects(ann.do('join', 7), { code: 'ERR_ROOM_NAME', message: /not number/ });
    await assert.rejects(ann.do('to', 7, 'x'), { code: 'ERR_ROOM_NAME', message: /not number/ });
  },

  'has an empty room forgotten and filled again': async (open) => {
    await using ann = await open();
    await using bob = await open();
    for (const text of ['one', 'two']) {
      await ann.do('join', 'red');
      await bob.do('join', 'red');
      await ann.do('to', 'red', text);
      assert.deepEqual(await ann.next(), ['said', text]);
      assert.deepEqual(await bob.next(), ['said', text]);
      await ann.do('leave', 'red');
      await bob.do('leave', 'red');
    }
  },
};

for (const { place, shards } of SETUPS) {
  test(`a connection and its rooms: ${place}, ${shards} shards`, async (t: TestContext) => {
    await withEngine({ shards }, async ({ engine, port }) => {
      for (const [title, run] of Object.entries(CASES)) {
        await t.test(title, async () => {
          await withServer(engine, place, VERBS, { endpoint: '/v', ...LIMITS }, () =>
            run(() => VerbClient.open({ port }, '/v')),
          );
        });
      }
    });
  });
}
