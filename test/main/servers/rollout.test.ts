import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Rollout } from '../../../src/main/servers/rollout.ts';
import { EngineError } from '../../../src/shared/api/errors.ts';

const MODULE = 'file:///handlers.js';

/** A server that two shards have been told of. */
function openRollout(handlers?: string) {
  const rollout = new Rollout(handlers);
  const log: unknown[] = [];
  rollout.ready.then(
    () => log.push('ready'),
    ({ code }: EngineError) => log.push(code),
  );
  for (const shard of [1, 2]) rollout.loading(shard);
  /** The outcomes of `ready` so far. */
  const settled = async () => {
    await null;
    await null;
    return log;
  };
  return { rollout, settled };
}

test('a server is ready when every shard has it, and each shard by itself before', async () => {
  const { rollout, settled } = openRollout();
  rollout.added(1);
  assert.deepEqual([rollout.isReadyIn(1), rollout.isReadyIn(2)], [true, false]);
  assert.deepEqual([rollout.hasBeenReady, await settled()], [false, []]);
  rollout.added(2);
  assert.deepEqual([rollout.hasBeenReady, await settled()], [true, ['ready']]);
  rollout.loading(3); // a replacement
  assert.deepEqual([rollout.hasBeenReady, rollout.isReadyIn(3)], [true, false]);
});

for (const [what, fails, code] of [
  ['a shard cannot load it', (rollout: Rollout) => rollout.added(2, loadError()), 'LOAD'],
  ['a shard dies that loads its module', (rollout: Rollout) => rollout.shardDied(2), 'LOAD'],
  ['it is closed', (rollout: Rollout) => rollout.giveUp('server'), 'CLOSED'],
] as const) {
  test(`a server is not ready, and says so, where ${what}`, async () => {
    const { rollout, settled } = openRollout(MODULE);
    rollout.added(1);
    fails(rollout);
    assert.equal(rollout.hasBeenReady, false);
    const [error] = await settled();
    assert.match(String(error), new RegExp(code));
  });
}

test('a shard that dies with nothing to load fails no server', async () => {
  const { rollout, settled } = openRollout();
  rollout.shardDied(2);
  assert.deepEqual(await settled(), []);
  const ready = openRollout(MODULE);
  ready.rollout.added(2);
  ready.rollout.shardDied(2);
  assert.deepEqual(await ready.settled(), [], 'it had loaded it');
});

test('a server is removed when each shard has said so, or has died', async () => {
  const { rollout } = openRollout();
  for (const shard of [1, 2]) rollout.added(shard);
  let isRemoved = false;
  const removed = rollout.removedFrom([1, 2]).then(() => {
    isRemoved = true;
  });
  rollout.removed(1);
  await null;
  assert.equal(isRemoved, false);
  rollout.shardDied(2);
  await removed;
  await rollout.removedFrom([]); // there is no shard to wait for
});

test('one that is given up waits for no shard', async () => {
  const { rollout } = openRollout();
  const removed = rollout.removedFrom([1, 2]);
  rollout.abandon();
  await removed;
});

function loadError(): EngineError {
  return new EngineError('ERR_HANDLERS_LOAD', 'not today');
}

for (const [what, settle] of [
  ['a shard could not load it', (rollout: Rollout) => rollout.added(1, loadError())],
  ['a shard died while it loaded', (rollout: Rollout) => rollout.shardDied(1)],
] as const) {
  test(`a server may be ready at the next attempt where ${what}`, async () => {
    const { rollout } = openRollout(MODULE);
    settle(rollout);
    await assert.rejects(rollout.ready);
    rollout.rested(true);
    rollout.loading(1);
    rollout.added(1);
    await rollout.ready;
    assert.equal(rollout.hasBeenReady, true);
  });
}

test('a server that nobody has loaded yet is waited for across attempts', async () => {
  const { rollout, settled } = openRollout(MODULE);
  rollout.rested(true);
  rollout.loading(1);
  rollout.added(1);
  assert.deepEqual(await settled(), ['ready']);
});

test('a server that is closed is not ready any more, whatever is started', async () => {
  const { rollout } = openRollout(MODULE);
  rollout.giveUp('server');
  rollout.rested(false);
  await assert.rejects(rollout.ready, { code: 'ERR_ENGINE_CLOSED' });
});
