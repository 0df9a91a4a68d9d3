import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { type Reading, ReadTurns } from '../../../src/workers/read/read-turns.ts';

/** Turns in which each frame takes so many ms; sockets have so many frames to be read. */
function open(msPerFrame: number) {
  let now = 0;
  let scheduled = 0;
  const turns = new ReadTurns(
    () => {
      scheduled += 1;
    },
    () => {},
    () => now,
  );
  /** The reads in their order: the socket, and its number of frames. */
  const log: [socket: string, frames: number][] = [];
  const socket = (name: string, frames: number, isCostly = false) => {
    let left = frames;
    const reading: Reading = {
      readOn: () => {
        let share = turns.begin(isCostly);
        let read = 0;
        for (; left > 0; left--, read++, now += msPerFrame) {
          if (--share < 0 || !turns.frame()) {
            turns.wait(reading);
            break;
          }
        }
        log.push([name, read]);
      },
    };
    return reading;
  };
  const sum = (name: string) =>
    log.reduce((all, [of, frames]) => (of === name ? all + frames : all), 0);
  return { turns, socket, log, sum, scheduled: () => scheduled, now: () => now };
}

test('a socket gets 128 frames of a turn, and the turn that it waits for is asked for', () => {
  const { socket, log, scheduled } = open(0);
  socket('a', 128).readOn();
  assert.equal(scheduled(), 0);
  socket('b', 129).readOn();
  assert.equal(scheduled(), 1);
  assert.deepEqual(log, [
    ['a', 128],
    ['b', 128],
  ]);
});

test('sockets that wait are read on in their order, and again while there is time', () => {
  const { turns, socket, log } = open(0.001);
  for (const name of ['a', 'b']) socket(name, 300).readOn();
  assert.equal(turns.end(), false);
  assert.deepEqual(
    log.slice(2).map(([name]) => name),
    ['a', 'b', 'a', 'b'],
  );
});

test('a turn has 4 ms for those who wait, and at least one of them', () => {
  const { turns, socket, sum, log, now } = open(0.01);
  for (const name of ['a', 'b', 'c', 'd', 'e']) socket(name, 100_000).readOn();
  for (let turn = 0; turn < 50; turn++) {
    const [before, reads] = [now(), log.length];
    assert.equal(turns.end(), true);
    assert.ok(now() - before < 4 + 1.5);
    assert.ok(log.length > reads);
  }
  const sums = ['a', 'b', 'c', 'd', 'e'].map(sum);
  assert.ok(Math.max(...sums) - Math.min(...sums) <= 128, `${sums}`);
});

test('where frames take long, a turn ends all the same: each socket has one at least', () => {
  const { turns, socket, log, now } = open(0.5);
  for (let i = 0; i < 20; i++) socket('warm', 100).readOn();
  turns.end();
  const [before, reads] = [now(), log.length];
  for (let i = 0; i < 40; i++) socket('flood', 1000).readOn();
  const frames = log.slice(reads).map(([, read]) => read);
  assert.ok(Math.min(...frames) >= 1);
  assert.ok(now() - before < 60, `${now() - before} ms`);
});

test('a socket that has gone is not read on', () => {
  const { turns, socket, log } = open(0);
  const gone = socket('gone', 1000);
  gone.readOn();
  turns.forget(gone);
  assert.equal(turns.end(), false);
  assert.equal(log.length, 1);
});

test('sockets whose frames take long wait for their turns, in their order', () => {
  const { turns, socket, log, now } = open(30);
  const costly = ['a', 'b', 'c'].map((name) => socket(name, 5, true));
  for (const reading of costly) reading.readOn();
  socket('small', 1).readOn();
  assert.deepEqual(log.splice(0), [
    ['a', 1],
    ['b', 0],
    ['c', 0],
    ['small', 1],
  ]);
  const order: string[] = [];
  for (let turn = 1; turn <= 14; turn++) {
    const began = now();
    turns.end();
    assert.equal(now() - began, 30, 'the turn is no longer than one of their frames');
    order.push(...log.splice(0).map(([name]) => name));
  }
  assert.equal(order.join(''), 'abcabcabcabcbc');
  assert.equal(turns.end(), false);
});
