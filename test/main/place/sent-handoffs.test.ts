import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { SentHandoffs } from '../../../src/main/place/sent-handoffs.ts';

/** Messages to a shard, and what becomes of them; time passes by `t.mock.timers`. */
function open() {
  const lost: string[] = [];
  const reports: [lost: number, unsent: number][] = [];
  let asked = 0;
  const handoffs = new SentHandoffs({
    ask: () => {
      asked += 1;
    },
    report: (...counts) => reports.push(counts),
  });
  const send = (...names: string[]) => {
    const number = handoffs.next;
    handoffs.sent(names.map((name) => () => lost.push(name)));
    return number;
  };
  return { handoffs, send, lost, reports, asked: () => asked };
}

test('a shard is asked once for all messages of half a second, and not without any', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { handoffs, send, lost, reports, asked } = open();
  const numbers = [send('a'), send('b', 'c')];
  assert.deepEqual(numbers, [1, 2]);
  t.mock.timers.tick(499);
  assert.equal(asked(), 0);
  t.mock.timers.tick(1);
  assert.equal(asked(), 1);
  handoffs.arrived(numbers);
  t.mock.timers.tick(10_000);
  assert.equal(asked(), 1);
  assert.deepEqual([lost, reports], [[], []]);
});

test('sockets of a message that has not arrived are given back, and reported once', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { handoffs, send, lost, reports, asked } = open();
  send('a', 'b');
  const second = send('c');
  t.mock.timers.tick(500);
  const third = send('d'); // behind the question
  handoffs.arrived([second]);
  assert.deepEqual(lost, ['a', 'b']);
  assert.deepEqual(reports, [[2, 0]]);
  t.mock.timers.tick(500);
  assert.equal(asked(), 2);
  handoffs.arrived([third]);
  assert.deepEqual(lost, ['a', 'b']);
});

test('sockets that could not be sent are reported together', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { handoffs, reports, asked } = open();
  for (let i = 0; i < 3; i++) handoffs.unsent(1);
  t.mock.timers.tick(500);
  assert.deepEqual(reports, [[0, 3]]);
  assert.equal(asked(), 0);
});

test('nothing is given back of a shard that has ended: all of its connections are', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { handoffs, send, lost, asked } = open();
  send('a');
  handoffs.end();
  t.mock.timers.tick(10_000);
  assert.deepEqual([lost, asked()], [[], 0]);
});
