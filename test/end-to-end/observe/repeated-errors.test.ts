import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { EngineError } from '../../../src/main/index.ts';
import { TestClient } from '../kit/test-client.ts';
import { addServer, SETUPS, withEngine } from '../kit/test-engine.ts';

const FAILING = new URL('../fixtures/failing-often.ts', import.meta.url);
const FAILURES = 2000;

/** The number of errors that have been told, those among them that stand for others. */
function countOf(errors: readonly EngineError[]): number {
  const more = errors.map(({ message }) => Number(/\(and (\d+) more.*\)$/.exec(message)?.[1] ?? 0));
  return more.reduce((sum, count) => sum + count, errors.length);
}

for (const { place, shards } of SETUPS) {
  test(`a client cannot flood the app with errors: ${place}, ${shards} shards`, async () => {
    const told: EngineError[] = [];
    await withEngine({ shards }, async ({ engine, port, errors }) => {
      await addServer(engine, place, FAILING, { endpoint: '/a', maxRooms: 1 });
      const client = await TestClient.open({ port }, '/a');
      const start = performance.now();
      for (const kind of ['join', 'alike', 'different']) {
        for (let i = 0; i < FAILURES; i++) client.send(kind);
      }
      client.send('rare');
      client.send('done');
      assert.equal(await client.next(), 'done');
      await client[Symbol.asyncDispose]();
      await engine.close(); // tells of those that are still counted
      told.push(...errors.splice(0));
      const seconds = 1 + (performance.now() - start) / 1000;
      // In each second 5 of each of 50 kinds and of two codes, and as many that say how many more.
      assert.ok(told.length <= seconds * 6 * 52 * 2, `${told.length} errors`);
      assert.ok(told.length < FAILURES);
    });
    assert.equal(countOf(told), 3 * FAILURES + 1, 'each has been counted');
    const seen = (text: string) => told.filter(({ message }) => message.includes(text));
    assert.ok(seen('always the same').some(({ message }) => /\(and \d+ more/.test(message)));
    assert.ok(seen('failure ').length > 0);
    assert.ok(told.some(({ code }) => code === 'ERR_ROOM_LIMIT'));
    assert.ok(seen('now and then').length > 0 || seen('with this code').length > 0);
  });
}
