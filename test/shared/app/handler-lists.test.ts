import { strict as assert } from 'node:assert';
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { test } from 'node:test';
import { EngineError } from '../../../src/shared/api/errors.ts';
import { HandlerLists } from '../../../src/shared/app/handler-lists.ts';

/** Lists whose calls, throws and losses are written down in the order of their coming. */
function recordedLists() {
  const log: string[] = [];
  const lists = new HandlerLists(
    (thrown, of) => log.push(`thrown ${(thrown as Error).message} of ${of}`),
    (thrown, of) => log.push(`lost ${(thrown as Error).message} of ${of}`),
  );
  return { lists, log };
}

const failing = () => {
  throw new Error('one');
};

test('the handlers of an event are called in their order, with its payload', () => {
  const { lists, log } = recordedLists();
  lists.addEvent('chat', (text: string) => log.push(`first ${text}`));
  lists.addEvent('other', () => log.push('other'));
  lists.addEvent('chat', (text: string) => log.push(`second ${text}`));
  lists.callEvent('chat', 'hello');
  lists.callEvent('nobody', 'hello');
  assert.deepEqual(log, ['first hello', 'second hello']);
});

test('an answer is the first result that is not undefined', async () => {
  const { lists } = recordedLists();
  lists.addEvent('none', () => undefined);
  lists.addEvent('add', async () => undefined);
  lists.addEvent('add', async (n: number) => (await null) ?? n + 1);
  lists.addEvent('add', () => 'another');
  assert.equal(await lists.answerEvent('add', 1), 2);
  assert.equal(await lists.answerEvent('none', 1), undefined);
  assert.deepEqual(
    ['add', 'none', 'other'].map((event) => lists.hasEvent(event)),
    [true, true, false],
  );
});

test('where a handler fails there is no answer, but the others run all the same', async () => {
  const { lists, log } = recordedLists();
  const { promise, resolve } = Promise.withResolvers<void>();
  lists.addEvent('add', () => log.push('first'));
  lists.addEvent('add', failing);
  lists.addEvent('add', () => promise.then(() => log.push('slow')));
  lists.addEvent('add', async () => {
    await promise;
    throw new Error('two');
  });
  lists.addEvent('add', () => log.push('last'));
  const answered = assert.rejects(lists.answerEvent('add', 1), { message: 'one' });
  answered.then(() => log.push('told'));
  await new Promise(setImmediate);
  assert.deepEqual(log.splice(0), ['first', 'last'], 'the answer waits for all of them');
  resolve();
  await answered;
  await null;
  assert.deepEqual(log, ['slow', 'thrown two of add', 'told']);
});

test('where several fail the first is thrown and the others are told', async () => {
  const { lists, log } = recordedLists();
  lists.addEvent('add', failing);
  lists.addEvent('add', async () => Promise.reject(new Error('two')));
  lists.addEvent('add', () => 'an answer');
  lists.addEvent('add', () => {
    throw new Error('three');
  });
  await assert.rejects(lists.answerEvent('add', 1), { message: 'one' });
  assert.deepEqual(log, ['thrown two of add', 'thrown three of add']);
});

test('a hook says whether there was a handler', () => {
  const { lists, log } = recordedLists();
  assert.equal(lists.hasHook('leave'), false);
  lists.callHook('leave', 'red');
  lists.addHook('leave', (room: string) => log.push(room));
  lists.callHook('leave', 'red');
  assert.equal(lists.hasHook('leave'), true);
  assert.equal(lists.hasHook('message'), false);
  assert.deepEqual(log, ['red']);
});

test('an event and a hook of one name have nothing in common', () => {
  const { lists, log } = recordedLists();
  lists.addEvent('message', () => log.push('event'));
  lists.addHook('message', () => log.push('hook'));
  lists.callEvent('message', '');
  lists.callHook('message', '');
  lists.callEvent('constructor', '');
  lists.callEvent('__proto__', '');
  assert.deepEqual(log, ['event', 'hook']);
});

test('a handler that throws keeps none of the others from being called', () => {
  const { lists, log } = recordedLists();
  lists.addEvent('chat', failing);
  lists.addEvent('chat', () => log.push('second'));
  lists.callEvent('chat', 'hello');
  assert.deepEqual(log, ['thrown one of chat', 'second']);
});

test('a promise that rejects counts as thrown', async () => {
  const { lists, log } = recordedLists();
  lists.addHook('message', async () => failing());
  lists.addHook('message', () => log.push('second'));
  lists.callHook('message', 'hello');
  assert.deepEqual(log, ['second']);
  await null;
  assert.deepEqual(log, ['second', 'thrown one of onMessage']);
});

test('what a handler of errors throws is lost to them, at once or later', async () => {
  const { lists, log } = recordedLists();
  lists.addHook('error', failing);
  lists.addHook('error', async () => failing());
  lists.callHook('error', new EngineError('ERR_HANDLER', 'any'));
  await null;
  assert.deepEqual(log, ['lost one of onError', 'lost one of onError']);
});

test('a handler that is added by another is called from the next time on', () => {
  const { lists, log } = recordedLists();
  lists.addEvent('chat', (text: string) => {
    log.push(`first ${text}`);
    lists.addEvent('chat', () => log.push(`added at ${text}`));
  });
  lists.callEvent('chat', '1');
  assert.deepEqual(log, ['first 1']);
  lists.callEvent('chat', '2');
  assert.deepEqual(log, ['first 1', 'first 2', 'added at 1']);
});

test('a handler is a function', () => {
  const { lists } = recordedLists();
  const add = (handler: unknown) => lists.addEvent('chat', handler as () => void);
  assert.throws(() => add(undefined), {
    code: 'ERR_OPTION',
    message: /undefined is not a function/,
  });
  assert.throws(() => lists.addHook('leave', 'x' as unknown as () => void), {
    code: 'ERR_OPTION',
  });
});

test('handlers run in the context that onConnection leaves behind, whoever calls them', async () => {
  const user = new AsyncLocalStorage<string>();
  const { lists, log } = recordedLists();
  const note = () => log.push(user.getStore() ?? 'nobody');
  const threadContext = user.run('THREAD', () => new AsyncResource('test'));
  lists.addHook('leave', note);
  const pending = user.run('ALICE', () =>
    lists.begin(
      [
        (connection: string) => {
          lists.callHook('leave', 'a room');
          note();
          user.enterWith(connection);
        },
        () => 'second',
      ],
      'BOB',
      threadContext,
      () => false,
    ),
  );
  assert.equal(pending, undefined);
  lists.addEvent('event', note);
  lists.addEvent('event', () => user.enterWith('EVE'));
  lists.addHook('disconnect', note);
  await user.run('ALICE', async () => {
    lists.callEvent('event', '');
    await lists.answerEvent('event', '');
    lists.callHook('disconnect', { code: 1000, reason: '' });
    note();
  });
  assert.equal(user.getStore(), undefined);
  assert.deepEqual(log, ['THREAD', 'THREAD', 'BOB', 'BOB', 'BOB', 'ALICE']);
});
