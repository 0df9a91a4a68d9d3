import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { ConnectionFacts, Membership } from './facts.ts';
import { Model } from './model.ts';

/** A model of one server, told in few words. Threads are 0, the primary, and shards 1 and 2. */
class Story {
  readonly model = new Model();
  readonly #clocks = [0, 0, 0];

  stamp(thread: number) {
    const n = (this.#clocks[thread] ?? 0) + 1;
    this.#clocks[thread] = n;
    return { thread, n };
  }

  open(home: number, server = '/s'): ConnectionFacts {
    const connection = this.model.connect(server);
    const id = `id ${connection.number}`;
    this.model.opened(connection, id, 'lobby', this.stamp(home));
    return connection;
  }

  join(connection: ConnectionFacts, room: string): Membership {
    const [id, member] = this.model.join(connection, room);
    this.did(connection, id);
    return member;
  }

  did(connection: ConnectionFacts, id: number): void {
    const home = connection.home ?? 0;
    this.model.did(id, this.stamp(home), this.stamp(home));
  }

  say(sender: ConnectionFacts, target: string, exceptSender = false) {
    const { server } = sender;
    const id = this.model.say({ server, target, sender, exceptSender });
    const stamp = this.stamp(sender.home ?? 0);
    this.model.did(id, stamp);
    return { id, server, pad: 0, ...stamp };
  }

  /** What is wrong when all is judged. */
  judged(): Record<string, number> {
    this.model.judge(this.model.now);
    return Object.fromEntries(this.model.violations.counts);
  }
}

test('finds nothing wrong where everything arrives', () => {
  const story = new Story();
  const [sender, member] = [story.open(1), story.open(2)];
  for (const target of ['', 'lobby', member.id]) {
    const message = story.say(sender, target);
    story.model.received(member, message);
    if (target !== member.id) story.model.received(sender, message);
  }
  story.model.received(member, story.say(sender, '', true));
  assert.ok(story.model.isSettled);
  assert.deepEqual(story.judged(), {});
  assert.deepEqual([story.model.counts.due, story.model.counts.excused], [6, 0]);
});

test('misses what a member did not get', () => {
  const story = new Story();
  const [sender, member] = [story.open(1), story.open(2)];
  story.model.received(sender, story.say(sender, 'lobby'));
  assert.ok(!story.model.isSettled);
  assert.deepEqual(story.judged(), { lost: 1 });
  assert.equal(member.receipts.size, 0);
});

test('sees what arrives twice, out of order, damaged', () => {
  const story = new Story();
  const sender = story.open(1);
  const member = story.open(2);
  const [early, late] = [story.say(sender, 'lobby'), story.say(sender, '')];
  const damaged = { ...story.say(sender, 'lobby'), pad: -1 };
  for (const message of [late, early, early, damaged]) story.model.received(member, message);
  const { counts } = story.model.violations;
  assert.deepEqual(Object.fromEntries(counts), { disordered: 1, repeated: 1, corrupt: 1 });
});

test('sees a message where it does not belong', () => {
  const story = new Story();
  const [sender, outsider, elsewhere] = [story.open(1), story.open(2), story.open(1, '/other')];
  story.join(sender, 'red');
  story.model.received(outsider, story.say(sender, 'red'));
  story.model.received(elsewhere, story.say(sender, 'red'));
  story.model.received(sender, story.say(sender, '', true));
  assert.equal(story.model.violations.counts.get('stranger'), 3);
});

test('sees a message in a room that was left before it was asked for', () => {
  const story = new Story();
  const [sender, member] = [story.open(1), story.open(2)];
  const red = story.join(member, 'red');
  story.did(member, story.model.leave(red));
  story.model.received(member, story.say(sender, 'red'));
  assert.deepEqual(story.judged(), { stranger: 1 });
});

for (const [arrived, verdict] of [
  [false, {}],
  [true, { lost: 1 }],
] as const) {
  const title = arrived ? 'is lost where a later one of its thread came' : 'is excused else';
  test(`a message from another thread, missing at a leave, ${title}`, () => {
    const story = new Story();
    const [sender, member] = [story.open(1), story.open(2)];
    const red = story.join(member, 'red');
    story.say(sender, 'red');
    const behind = story.say(sender, member.id);
    if (arrived) story.model.received(member, behind);
    const leave = story.model.leave(red);
    if (!arrived) story.model.received(member, behind);
    story.did(member, leave);
    assert.deepEqual(story.judged(), verdict);
    assert.equal(story.model.counts.excused, arrived ? 0 : 1);
  });
}

test('a message from its own thread is due exactly between the join and the leave', () => {
  const story = new Story();
  const [sender, member] = [story.open(1), story.open(1)];
  // All of it is asked for at once: what is due is known by the order in which the thread did it.
  const ids = Array.from({ length: 3 }, () =>
    story.model.say({ server: '/s', target: 'red', sender }),
  );
  const [join, red] = story.model.join(member, 'red');
  const leave = story.model.leave(red);
  const done = [ids[0], join, ids[1], leave, ids[2]].map((id) => ({
    id: id as number,
    stamp: story.stamp(1),
  }));
  for (const { id, stamp } of done) story.model.did(id, stamp);
  assert.deepEqual(story.judged(), { lost: 1 });
  assert.match(story.model.violations.details[0] ?? '', new RegExp(`message ${ids[1]} `));
});

test('what a connection misses at its end is excused, what it had passed over is not', () => {
  const story = new Story();
  const [sender, member] = [story.open(1), story.open(2)];
  story.say(sender, 'lobby');
  story.model.received(member, story.say(sender, member.id));
  story.say(sender, member.id);
  story.model.ended(member);
  story.model.ended(sender);
  assert.deepEqual(story.judged(), { lost: 1 });
  assert.equal(story.model.counts.excused, 2, 'one for the member, one for the sender');
});

test('a verb that is never confirmed is a violation, unless its connection has ended', () => {
  const story = new Story();
  const [living, ended] = [story.open(1), story.open(1)];
  for (const connection of [living, ended]) {
    story.model.join(connection, 'red');
    story.model.say({ server: '/s', target: 'red', sender: connection });
  }
  story.model.ended(ended);
  assert.ok(!story.model.isSettled);
  assert.deepEqual(story.judged(), { unanswered: 2 });
});

test('what a connection misses that did not read, where the server drops, is counted', () => {
  const story = new Story();
  const [sender, member] = [story.open(1), story.open(2)];
  member.isLossy = true;
  story.model.received(sender, story.say(sender, 'lobby'));
  assert.ok(story.model.isSettled);
  assert.deepEqual(story.judged(), {});
  assert.deepEqual([story.model.counts.dropped, member.missed, member.open], [1, 1, 0]);
});

test('what a thread had sent when it died is due, though nobody says that it was sent', () => {
  const story = new Story();
  const [victim, sibling, member] = [story.open(1), story.open(1), story.open(2)];
  const id = story.model.say({ server: '/s', target: 'lobby', sender: victim });
  story.model.received(member, story.say(sibling, 'lobby'));
  story.model.ended(victim);
  story.model.ended(sibling);
  story.model.sentAtDeath([id], 1);
  assert.ok(!story.model.isSettled);
  assert.deepEqual(story.judged(), { lost: 1 });
});

test('one that ends may hear that it has left, and still miss what its thread had sent before', () => {
  const story = new Story();
  const [sender, member] = [story.open(1), story.open(1)];
  const red = story.join(member, 'red');
  const leave = story.model.leave(red);
  story.model.ending(member);
  story.say(sender, 'red');
  story.did(member, leave);
  story.model.ended(member);
  assert.deepEqual(story.judged(), {});
  assert.equal(story.model.counts.excused, 1);
});
