import { strict as assert } from 'node:assert';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { HandlerLists } from '../../../src/shared/app/handler-lists.ts';

function recordedLists() {
  const log: unknown[] = [];
  const lists = new HandlerLists(
    (thrown) => log.push(thrown),
    (thrown) => log.push(thrown),
  );
  return { lists, log };
}

test('a handler is taken away by the function that adding it returns, once', () => {
  const { lists, log } = recordedLists();
  const note = (payload: string) => log.push(payload);
  const remove = lists.addEvent('chat', note);
  lists.addEvent('chat', note);
  lists.callEvent('chat', 'both');
  remove();
  remove();
  lists.callEvent('chat', 'one');
  assert.deepEqual(log, ['both', 'both', 'one']);
});

test('off takes a handler away, however often and in whatever way it was added', () => {
  const { lists, log } = recordedLists();
  const note = (payload: string) => log.push(payload);
  lists.addEvent('chat', note);
  lists.addEvent('chat', note);
  lists.addOnce('chat', note);
  lists.addEvent('chat', (payload: string) => log.push(`other ${payload}`));
  lists.addEvent('news', note);
  lists.removeEvent('chat', note);
  lists.removeEvent('nobody', note);
  lists.callEvent('chat', '1');
  lists.callEvent('news', '2');
  assert.deepEqual(log, ['other 1', '2']);
});

test('a handler for one event is gone before it is called', () => {
  const { lists, log } = recordedLists();
  lists.addOnce('chat', (payload: string) => {
    log.push(payload);
    lists.callEvent('chat', 'again');
  });
  const remove = lists.addOnce('news', (payload: string) => log.push(payload));
  remove();
  lists.callEvent('chat', 'first');
  lists.callEvent('chat', 'second');
  lists.callEvent('news', 'news');
  assert.deepEqual(log, ['first']);
});

test('a handler goes with its signal, and leaves nothing at it', () => {
  const { lists, log } = recordedLists();
  const { signal, abort } = listenersOf(new AbortController());
  const note = (payload: string) => log.push(payload);
  lists.addEvent('chat', note, { signal });
  lists.addHook('message', note, { signal });
  lists.addOnce('chat', note, { signal });
  const remove = lists.addEvent('chat', note, { signal });
  assert.equal(getEventListeners(signal, 'abort').length, 4);
  remove();
  lists.callEvent('chat', '1');
  assert.equal(getEventListeners(signal, 'abort').length, 2);
  abort();
  lists.callEvent('chat', '2');
  lists.callHook('message', '3');
  lists.addEvent('chat', note, { signal });
  lists.callEvent('chat', '4');
  assert.deepEqual(log, ['1', '1']);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('handlers that are added while one is called, or taken away, do not change that call', () => {
  const { lists, log } = recordedLists();
  lists.addEvent('chat', () => {
    removeSecond();
    lists.addEvent('chat', () => log.push('third'));
  });
  const removeSecond = lists.addEvent('chat', () => log.push('second'));
  lists.callEvent('chat', '');
  assert.deepEqual(log, ['second']);
});

test('all events are heard ahead of their handlers, and those without a handler', async () => {
  const { lists, log } = recordedLists();
  lists.addHook('any', (received: unknown) => log.push(['any', received]));
  lists.addHook('unhandled', (received: unknown) => log.push(['unhandled', received]));
  lists.addEvent('chat', (payload: string) => {
    log.push(payload);
    return 'answer';
  });
  lists.callEvent('chat', 'hello');
  lists.callEvent('news', 'nobody');
  assert.equal(await lists.answerEvent('chat', 'asked'), 'answer');
  assert.deepEqual(log, [
    ['any', ['chat', 'hello']],
    'hello',
    ['any', ['news', 'nobody']],
    ['unhandled', ['news', 'nobody']],
    ['any', ['chat', 'asked']],
    'asked',
  ]);
});

test('an event is at work as long as one of those who hear it', async () => {
  const { lists } = recordedLists();
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  lists.addHook('any', () => gates[0].promise);
  lists.addEvent('chat', () => gates[1].promise);
  let isDone = false;
  const pending = lists.callEvent('chat', '')?.then(() => {
    isDone = true;
  });
  gates[1].resolve();
  await new Promise(setImmediate);
  assert.equal(isDone, false);
  gates[0].resolve();
  await pending;
});

test('options of a handler are an object with a signal', () => {
  const { lists } = recordedLists();
  for (const options of [null, 1, { signal: {} }, { signal: null }]) {
    assert.throws(() => lists.addEvent('chat', () => {}, options as never), { code: 'ERR_OPTION' });
  }
  assert.throws(() => lists.addOnce('chat', 'no' as never), { code: 'ERR_OPTION' });
});

function listenersOf(controller: AbortController) {
  return { signal: controller.signal, abort: () => controller.abort() };
}
