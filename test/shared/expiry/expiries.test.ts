import { strict as assert } from 'node:assert';
import { mock, test } from 'node:test';
import type { Expirable, Renewal } from '../../../src/shared/expiry/expiries.ts';

mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
// Behind the mock: the library's timers are those of the moment when it is loaded.
const { Expiries } = await import('../../../src/shared/expiry/expiries.ts');

/** A connection of which the test says what its client answers. */
class FakeConnection implements Expirable {
  readonly number = 7;
  isLeaving = false;
  /** What happened, each with the ms since it began. */
  readonly log: unknown[][] = [];
  readonly #began = Date.now();
  answer = Promise.withResolvers<unknown>();
  isFull = false;
  end = () => {};

  askToken(timeoutMs: number): Promise<unknown> {
    this.note('asked', timeoutMs);
    this.answer = Promise.withResolvers();
    return this.answer.promise;
  }

  changeData(data: unknown): void {
    this.note('data', data);
  }

  expire(reason: string, why: string): void {
    if (this.isFull) throw new Error('the outbox is full');
    this.note('expired', reason, why);
    this.isLeaving = true;
    this.end();
  }

  onEnd(fn: () => void): void {
    this.end = fn;
  }

  note(...what: unknown[]): void {
    this.log.push([...what, Date.now() - this.#began]);
  }
}

/** A connection that expires in so many milliseconds, and how `authorize` decides on new tokens. */
function watch(lifeMs: number, renewal: Renewal, asks = true) {
  const connection = new FakeConnection();
  const counters = { expired: 0 };
  const tokens: unknown[] = [];
  const expiries = new Expiries(async (number, token) => {
    tokens.push([number, token]);
    return renewal;
  }, counters);
  expiries.watch(connection, { at: Date.now() + lifeMs, asks });
  return { connection, counters, tokens };
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    mock.timers.tick(50);
    for (let i = 0; i < 10; i++) await Promise.resolve();
  }
}

const FAILED: Renewal = { outcome: 'failed', why: 'authorize threw' };

for (const [name, lifeMs, ahead] of [
  ['2 seconds', 2_000, 667],
  ['a minute', 60_000, 20_000],
  ['an hour', 3_600_000, 60_000],
] as const) {
  test(`a token of ${name} is renewed ${ahead} ms ahead of its end`, async () => {
    const { connection, counters } = watch(lifeMs, FAILED);
    await pass(lifeMs - ahead - 50);
    assert.equal(connection.log.length, 0);
    await pass(250);
    const [[what, timeoutMs, at]] = connection.log as [[string, number, number]];
    assert.equal(what, 'asked');
    assert.ok(Math.abs(at - (lifeMs - ahead)) <= 200, `asked after ${at} ms`);
    assert.equal(timeoutMs, lifeMs - at);
    await pass(ahead + 200);
    const [, [end, reason, why, ended]] = connection.log as [
      unknown,
      [string, string, string, number],
    ];
    assert.deepEqual([end, reason], ['expired', 'the token has expired']);
    assert.equal(why, 'the token has expired: a new one has not come in time');
    assert.ok(ended >= lifeMs && ended <= lifeMs + 200, `ended after ${ended} ms`);
    assert.equal(counters.expired, 1);
  });
}

test('a new token sets the next expiry, and its data comes behind that', async () => {
  const renewal = { outcome: 'renewed', data: 'new' } as const;
  const { connection, tokens } = watch(2_000, { ...renewal, expiresAt: Date.now() + 9_000 });
  await pass(1_500);
  connection.answer.resolve('token');
  await pass(5_500);
  assert.deepEqual(tokens, [[7, 'token']]);
  const events = connection.log.map(([what]) => what);
  assert.deepEqual(events, ['asked', 'data', 'asked']);
});

test('a new token without an expiry holds for ever', async () => {
  const { connection } = watch(2_000, { outcome: 'renewed', data: 'new' });
  await pass(1_500);
  connection.answer.resolve('token');
  await pass(600_000);
  const events = connection.log.map(([what]) => what);
  assert.deepEqual(events, ['asked', 'data']);
});

test('a refused token ends the connection at once, a failure at its expiry', async () => {
  for (const outcome of ['refused', 'failed'] as const) {
    const { connection } = watch(2_000, { outcome, why: 'so' });
    await pass(1_500);
    connection.answer.resolve('token');
    await pass(100);
    assert.equal(connection.log.length, outcome === 'refused' ? 2 : 1);
    await pass(1_000);
    assert.equal(connection.log.length, 2);
  }
});

test('a token that ends before its client could be asked says so', async () => {
  const { connection } = watch(30, { outcome: 'renewed', data: 1 });
  await pass(200);
  const [[, , why] = []] = connection.log;
  assert.equal(why, 'the token has expired: there was no time to ask for another');
});

test('a client that cannot be asked is not, and neither is one that has gone', async () => {
  const { connection: silent } = watch(2_000, FAILED, false);
  const { connection: gone, counters } = watch(2_000, FAILED);
  const { connection: leaving } = watch(2_000, FAILED);
  gone.end();
  leaving.isLeaving = true;
  await pass(3_000);
  assert.deepEqual(
    silent.log.map(([what]) => what),
    ['expired'],
  );
  assert.deepEqual([gone.log, leaving.log, counters.expired], [[], [], 0]);
});

test('a token that comes behind the expiry changes nothing', async () => {
  const { connection, counters } = watch(2_000, { outcome: 'renewed', data: 'new' });
  await pass(2_300);
  connection.answer.resolve('token');
  await pass(500);
  assert.deepEqual(
    connection.log.map(([what]) => what),
    ['asked', 'expired'],
  );
  assert.equal(counters.expired, 1);
});

test('where timers are late, an expired client is not asked but closed', async () => {
  const { connection } = watch(2_000, FAILED);
  mock.timers.setTime(Date.now() + 10_000); // as behind a loop that stood still
  await pass(100);
  assert.deepEqual(
    connection.log.map(([what]) => what),
    ['expired'],
  );
});

test('an outbox that is full delays the end to the next look', async () => {
  const { connection, counters } = watch(1_000, FAILED, false);
  connection.isFull = true;
  await pass(1_500);
  assert.deepEqual([connection.log, counters.expired], [[], 0]);
  connection.isFull = false;
  await pass(200);
  assert.equal(connection.log.length, 1);
  assert.equal(counters.expired, 1);
});
