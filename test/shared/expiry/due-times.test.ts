import { strict as assert } from 'node:assert';
import { mock, test } from 'node:test';

mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
// Behind the mock: the library's timers are those of the moment when it is loaded.
const { DueTimes } = await import('../../../src/shared/expiry/due-times.ts');

function dueTimes() {
  const due: string[] = [];
  return { due, times: new DueTimes<string>((item) => due.push(item)) };
}

/** Lets time pass as it does, so that each timer runs when it is due. */
function pass(ms: number): void {
  for (let passed = 0; passed < ms; passed += 50) mock.timers.tick(50);
}

test('each item is due once, at its time, in the order of time', () => {
  const { due, times } = dueTimes();
  const now = Date.now();
  times.set('late', now + 1_000);
  times.set('early', now + 300);
  times.set('past', now - 5);
  pass(200);
  assert.deepEqual(due, ['past']);
  pass(300);
  assert.deepEqual(due, ['past', 'early']);
  assert.ok(times.has('late') && !times.has('early'));
  pass(2_000);
  assert.deepEqual(due, ['past', 'early', 'late']);
});

test('nothing is due before its time, or long behind it', () => {
  const { due, times } = dueTimes();
  const began = Date.now();
  times.set('item', began + 12_345);
  while (due.length === 0) mock.timers.tick(10);
  const late = Date.now() - began - 12_345;
  assert.ok(late >= 0 && late <= 200, `${late} ms late`);
});

test('an item that is moved or taken out is not due at its old time', () => {
  const { due, times } = dueTimes();
  const now = Date.now();
  times.set('moved', now + 200);
  times.set('out', now + 200);
  times.set('moved', now + 900);
  times.delete('out');
  pass(600);
  assert.deepEqual(due, []);
  pass(600);
  assert.deepEqual(due, ['moved']);
});

test('a time beyond 2^31 ms is not due at once', () => {
  const { due, times } = dueTimes();
  times.set('in 60 days', Date.now() + 60 * 86_400_000);
  pass(1_000);
  assert.deepEqual(due, []);
  mock.timers.setTime(Date.now() + 50 * 365 * 86_400_000); // a clock that is set at last
  pass(200);
  assert.deepEqual(due, ['in 60 days']);
});

test('a clock that is set back delays what is due, and loses nothing', () => {
  const { due, times } = dueTimes();
  const now = Date.now();
  times.set('first', now + 200);
  pass(400);
  times.set('second', now + 100); // by now in the past
  pass(200);
  assert.deepEqual(due, ['first', 'second']);
});

test('an item may be set or taken out by another that is due', () => {
  const due: string[] = [];
  const times = new DueTimes<string>((item) => {
    due.push(item);
    if (item !== 'first') return;
    times.delete('second');
    times.set('third', Date.now());
  });
  for (const item of ['first', 'second']) times.set(item, Date.now());
  pass(500);
  assert.deepEqual(due, ['first', 'third']);
});
