import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Ws } from '../../../src/client/index.ts';
import { Engine } from '../../../src/main/index.ts';
import { told } from '../../client/connect.ts';
import { users } from '../fixtures/contexts.ts';
import { addServer, type Place, SETUPS } from '../kit/test-engine.ts';

const HANDLERS = new URL('../fixtures/contexts.ts', import.meta.url);

/** The context in which a handler of a connection has run. */
interface Ran {
  readonly id: string;
  readonly handler: string;
  readonly context: string;
}

/** Has ALICE do everything that makes handlers of BOB run; resolves with what has run. */
async function whatRuns(port: number): Promise<{ ran: Ran[]; bobsId: string }> {
  const open = (name: string) => new Ws(`ws://127.0.0.1:${port}/chat${name}`, null);
  const ran: Ran[] = [];
  const watcher = open('?name=watcher');
  await told((fn) => watcher.onConnect(() => fn(undefined)));
  const ends = Promise.withResolvers<void>();
  watcher.on('ran', (one) => {
    ran.push(one as Ran);
    if (ran.filter(({ handler }) => handler === 'onDisconnect').length === 3) ends.resolve();
  });
  const [bob, alice, late] = [open('?name=BOB'), open(''), open('')];
  bob.on('question', () => 'answer');
  const bobsId = (await bob.emitWithAck('id')) as string;
  await late.emitWithAck('id');
  for (const deed of ['stay', 'emit', 'send', 'ask', 'join', 'leave', 'stay']) {
    await alice.emitWithAck('alice', [deed, bobsId]);
    bob.emit('event');
    bob.emitMessage('native');
    late.emit('event');
    await Promise.all([bob.emitWithAck('asked'), late.emitWithAck('asked')]);
  }
  const another = open('');
  await another.emitWithAck('asked');
  const bobsEnd = told((fn) => bob.onDisconnect(fn));
  await alice.emitWithAck('alice', ['disconnect', bobsId]);
  await bobsEnd;
  bob.close(); // else it comes back
  for (const ws of [alice, late]) ws.close();
  await ends.promise;
  for (const ws of [another, watcher]) ws.close();
  return { ran, bobsId };
}

async function withChat(
  { place, shards }: { place: Place; shards: number },
  listener: string | undefined,
  body: (port: number) => Promise<void>,
): Promise<void> {
  const engine = new Engine({ shards });
  const listen = async () => {
    await addServer(engine, place, HANDLERS, { endpoint: '/chat', maxRooms: 1 });
  };
  const { port } = await users.run(listener as string, () =>
    Promise.all([engine.listen(0, { host: '127.0.0.1' }), listen()]).then(([address]) => address),
  );
  try {
    await body(port);
  } finally {
    await engine.close();
  }
}

for (const setup of SETUPS) {
  const name = `${setup.place}, ${setup.shards} shards`;

  test(`handlers run in the context of their connection, whoever brings them about: ${name}`, async () => {
    await withChat(setup, undefined, async (port) => {
      const { ran, bobsId } = await whatRuns(port);
      const strangers = ran.filter(({ id, handler, context }) => {
        const isNamed = id === bobsId && handler !== 'onConnection';
        return context !== (isNamed ? 'BOB' : 'nobody');
      });
      assert.deepEqual(strangers, []);
      const handlers = new Set(ran.filter(({ id }) => id === bobsId).map(({ handler }) => handler));
      const all = [
        'asked',
        'event',
        'onConnection',
        'onDisconnect',
        'onError',
        'onLeave',
        'onMessage',
      ];
      assert.deepEqual([...handlers].sort(), all);
    });
  });

  test(`the first to listen gives no connection its context: ${name}`, async () => {
    await withChat(setup, 'LISTENER', async (port) => {
      const { ran } = await whatRuns(port);
      assert.deepEqual(
        ran.filter(({ context }) => context === 'LISTENER'),
        [],
      );
    });
  });
}
