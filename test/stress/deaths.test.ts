import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { COUNTED, runDeaths } from './deaths.ts';

test('shards that die leave no descriptor, thread, handle or shared buffer behind', async (t) => {
  const { deaths, slowestMs, rounds } = await runDeaths(4, 3);
  assert.equal(deaths, 12);
  const [first, ...later] = rounds;
  assert.ok(first !== undefined && later.length > 0);
  for (const held of later) {
    for (const name of COUNTED) {
      assert.ok(held[name] <= first[name], `${name}: ${first[name]} became ${held[name]}`);
    }
  }
  assert.ok(slowestMs < 10_000, `a replacement took no connection for ${slowestMs} ms`);
  t.diagnostic(`a replacement took a connection within ${Math.round(slowestMs)} ms`);
  t.diagnostic(`RSS ${rounds.map(({ rss }) => rss).join(', ')} MiB`);
});
