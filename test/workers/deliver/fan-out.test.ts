import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { buildFrame } from '../../../src/shared/codec/frame.ts';
import { FrameDeflater } from '../../../src/workers/deliver/deflate.ts';
import { type Batch, FanOut, type Receiver } from '../../../src/workers/deliver/fan-out.ts';

/** It keeps each write. */
class FakeMember implements Receiver {
  readonly number: number;
  batch: Batch | undefined;
  awaitsFlush = false;
  isSlow = false;
  deflateBits = 0;
  readonly writes: Buffer[] = [];

  constructor(number: number) {
    this.number = number;
  }

  admits(): boolean {
    return !this.isSlow;
  }

  flush(): void {
    if (this.batch !== undefined) this.writes.push(this.batch.joined);
    this.batch = undefined;
  }

  get texts(): string[] {
    return this.writes.map(String);
  }
}

function fanOutOf(count: number) {
  let ticks = 0;
  const fanOut = new FanOut(() => {
    ticks += 1;
  });
  const members = Array.from({ length: count }, (_, i) => new FakeMember(i + 1));
  const publish = (to: FakeMember[], text: string, except = 0) =>
    fanOut.publish(to, except, Buffer.from(text), '');
  const send = (to: FakeMember, text: string) => fanOut.send(to, Buffer.from(text));
  return {
    fanOut,
    members: members as [FakeMember, FakeMember, FakeMember],
    publish,
    send,
    ticks: () => ticks,
  };
}

test('what one tick has for a socket leaves in one write, in its order', () => {
  const { fanOut, members, publish, send } = fanOutOf(3);
  const [one, two, three] = members;
  publish(members, 'a');
  send(one, 'b');
  publish([one, two], 'c');
  send(three, 'd');
  publish(members, 'e');
  fanOut.flush();
  assert.deepEqual([one.texts, two.texts, three.texts], [['abce'], ['ace'], ['ade']]);
});

test('sockets that get the same frames share the same bytes', () => {
  const { fanOut, members, publish, send } = fanOutOf(4);
  const [one, two, three] = members;
  const four = members.at(3) as FakeMember;
  publish(members, 'a');
  publish(members, 'b');
  send(three, 'c');
  publish([one, two, four], 'd');
  fanOut.flush();
  assert.deepEqual(one.texts, ['abd']);
  assert.equal(one.writes[0], two.writes[0]);
  assert.equal(one.writes[0], four.writes[0]);
  assert.deepEqual(three.texts, ['abc']);
});

test('a frame finds again which sockets had the same before it', () => {
  const { fanOut, members, publish } = fanOutOf(3);
  const [one, two, three] = members;
  publish([one, three], 'a');
  publish([one, two, three], 'b');
  publish([two, three, one], 'c');
  fanOut.flush();
  assert.deepEqual([one.texts, two.texts, three.texts], [['abc'], ['bc'], ['abc']]);
  assert.equal(one.writes[0], three.writes[0]);
});

test('sockets that had something else before get the same frames all the same', () => {
  const { fanOut, members, publish, send } = fanOutOf(3);
  const [one, two, three] = members;
  send(one, 'x');
  send(three, 'y');
  publish(members, 'a');
  publish([two, one, three], 'b');
  fanOut.flush();
  assert.deepEqual([one.texts, two.texts, three.texts], [['xab'], ['ab'], ['yab']]);
});

test('a single frame is written as it is', () => {
  const { fanOut, members } = fanOutOf(2);
  const frame = Buffer.from('a');
  fanOut.publish(members, 0, frame, '');
  fanOut.flush();
  for (const member of members) assert.equal(member.writes[0], frame);
});

test('who is excepted and who admits nothing get nothing', () => {
  const { fanOut, members, publish } = fanOutOf(3);
  const [one, two, three] = members;
  two.isSlow = true;
  assert.equal(publish(members, 'a', three.number), 1, 'one gets it');
  fanOut.flush();
  assert.deepEqual([one.texts, two.texts, three.texts], [['a'], [], []]);
});

test('one tick is asked for, however much it will have to do', () => {
  const { fanOut, members, publish, send, ticks } = fanOutOf(3);
  assert.equal(ticks(), 0);
  publish([], 'nobody');
  assert.equal(ticks(), 0);
  publish(members, 'a');
  send(members[0], 'b');
  assert.equal(ticks(), 1);
  fanOut.flush();
  fanOut.flush();
  assert.equal(members[0].writes.length, 1);
  send(members[0], 'c');
  assert.equal(ticks(), 2);
  fanOut.flush();
  assert.deepEqual(members[0].texts, ['ab', 'c']);
});

test('what a socket gets while others are flushed is for the next tick', () => {
  const { fanOut, members, publish, send, ticks } = fanOutOf(2);
  const [one, two] = members;
  const flush = two.flush;
  two.flush = () => {
    flush.call(two);
    two.flush = flush;
    send(one, 'late');
    send(two, 'late');
  };
  publish(members, 'a');
  fanOut.flush();
  assert.equal(ticks(), 2);
  fanOut.flush();
  assert.deepEqual(
    [one.texts, two.texts],
    [
      ['a', 'late'],
      ['a', 'late'],
    ],
  );
});

test('a socket that flushes itself in the middle of a tick gets the rest behind it', () => {
  const { fanOut, members, publish } = fanOutOf(2);
  const [one, two] = members;
  publish(members, 'a');
  one.flush();
  publish(members, 'b');
  fanOut.flush();
  assert.deepEqual([one.texts, two.texts], [['a', 'b'], ['ab']]);
});

test('a message is compressed once for all who want it, and as it is for the others', () => {
  const { fanOut, members } = fanOutOf(5);
  const all: readonly FakeMember[] = members;
  for (const [i, bits] of [15, 0, 9, 15, 0].entries()) (all[i] as FakeMember).deflateBits = bits;
  const publish = (frame: Buffer) => {
    fanOut.publish(all, 0, frame, '', deflater);
    fanOut.flush();
  };
  const deflater = new FrameDeflater({ threshold: 300, level: 1 });
  const frame = buildFrame('x'.repeat(300));
  publish(frame);
  const [one, two, three, four, five] = all.map(({ writes }) => writes[0] as Buffer);
  assert.equal(one?.[0], 0xc1);
  assert.equal(two, frame);
  assert.ok(one === three && one === four && two === five, 'the same bytes, not equal ones');

  const short = buildFrame('x'.repeat(299));
  publish(short);
  for (const { writes } of all) assert.equal(writes[1], short);
});

test('one frame is compressed once for all windows that it fits into, and once for each other', (t) => {
  const deflater = new FrameDeflater({ threshold: 10, level: 1 });
  const deflate = t.mock.method(deflater, 'deflate');
  /** A frame as members with these windows get it. */
  const forms = (frame: Buffer, windows: readonly number[]) => {
    deflate.mock.resetCalls();
    const { fanOut, members } = fanOutOf(windows.length);
    for (const [i, bits] of windows.entries()) (members[i] as FakeMember).deflateBits = bits;
    fanOut.publish(members, 0, frame, '', deflater);
    fanOut.flush();
    return members.map(({ writes }) => writes[0] as Buffer);
  };
  const small = buildFrame('x'.repeat(400));
  const [plain, ...deflated] = forms(small, [0, 9, 15, 12]);
  assert.equal(plain, small);
  assert.equal(new Set(deflated).size, 1);
  assert.ok((deflated[0] as Buffer).length < small.length);
  assert.equal(deflate.mock.callCount(), 1);
  forms(buildFrame('x'.repeat(3000)), [9, 10, 11, 12, 15, 9, 15]);
  assert.equal(deflate.mock.callCount(), 4, 'for 9, 10, 11, and all that are larger');
  const noise = buildFrame(randomBytes(400));
  for (const form of forms(noise, [15, 0])) assert.equal(form, noise, 'it gets no shorter');
});
