import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { ServerHandle } from '../../../src/shared/api/public-types.ts';
import { AppConnection, type ConnectionLink } from '../../../src/shared/app/app-connection.ts';
import { FakeScope } from './fake-scope.ts';

/** A connection whose peer answers, or is not known to; what it sends is kept. */
function connect(answersAsks: boolean) {
  const scope = new FakeScope();
  const sent: unknown[] = [];
  const link = {
    number: 7,
    shard: 2,
    rooms: undefined,
    codec: scope.codec,
    answersAsks,
    send: (message: unknown) => sent.push(message),
  } as unknown as ConnectionLink & { send(message: unknown): void };
  const server = { endpoint: '/fake' } as ServerHandle;
  const request = { method: 'GET', url: '/fake', headers: {}, remoteAddress: '' };
  const face = new AppConnection(server, scope, link, { id: 'me', request, data: undefined });
  return { face, link, scope, sent };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
/** The number in the first question that was sent. */
const numberOf = (sent: unknown[]) => Number(/\?(\d+);/.exec(String(sent[0]))?.[1]);

for (const [what, message] of [
  ['asked', '>add;0?1;x'],
  ['answered', '>;0!99;x'],
  ['said that it cannot', '>;0~99;why'],
  ['said that it answers', '>;0+1;'],
] as const) {
  test(`a peer that has ${what} is one that can be asked`, () => {
    const { face } = connect(false);
    assert.equal(face.answersAsks, false);
    face.receive('>chat;0;x');
    face.receive('native');
    assert.equal(face.answersAsks, false);
    face.receive(message);
    assert.equal(face.answersAsks, true);
  });
}

test('a question is answered with what the handler returns', async () => {
  const { face, sent } = connect(false);
  face.on('add', (text) => `${text}!`);
  face.receive('>add;0?5;x');
  face.receive('>other;0?6;x');
  await settled();
  assert.deepEqual(sent.sort(), ['>;0!5;x!', '>;0~6;no handler']);
});

test('an answer comes once, to its question', async () => {
  const { face, sent } = connect(true);
  const asked = face.emitWithAck('add', 'x');
  const number = numberOf(sent);
  assert.deepEqual(sent, [`>add;0?${number};x`]);
  face.receive(`>;0!${number + 1};no`);
  face.receive(`>;0!${number};yes`);
  face.receive(`>;0~${number};again`);
  assert.equal(await asked, 'yes');
});

test('what a peer answers says why there is no answer', async () => {
  const { face, sent } = connect(true);
  const asked = face.emitWithAck('add', 'x', { timeoutMs: 5000 });
  face.receive(`>;0~${numberOf(sent)};no handler`);
  const message = "no answer to 'add': the other side said 'no handler'";
  await assert.rejects(asked, { code: 'ERR_ACK_FAILED', message });
});

test('its end ends what it has been asked, and what it is asked then', async () => {
  const { face, sent } = connect(true);
  const ended = { code: 'ERR_CONNECTION_ENDED' };
  const asked = assert.rejects(face.emitWithAck('add', 'x'), ended);
  face.ended([], { code: 1000, reason: '' });
  await asked;
  await assert.rejects(face.emitWithAck('add', 'x'), ended);
  assert.equal(sent.length, 1);
});

test('one that has ended is not one that cannot answer, whatever is known of its peer', async () => {
  const { face, sent } = connect(false);
  face.ended([], { code: 1000, reason: '' });
  await assert.rejects(face.emitWithAck('add', 'x'), { code: 'ERR_CONNECTION_ENDED' });
  assert.deepEqual(sent, []);
});

test('a handler that answers after the end has nobody to answer to', async () => {
  const { face, sent, scope } = connect(true);
  const { promise, resolve } = Promise.withResolvers<string>();
  face.on('add', () => promise);
  face.receive('>add;0?1;x');
  face.ended([], { code: 1000, reason: '' });
  resolve('late');
  await settled();
  assert.deepEqual([sent, scope.reported], [[], []]);
});

test('an answer that cannot be sent is reported, and nothing else happens', async () => {
  const { face, link, scope } = connect(true);
  link.send = () => {
    throw new Error('full');
  };
  face.on('add', () => 'sum');
  face.receive('>add;0?1;x');
  face.receive('>other;0?2;x');
  await settled();
  assert.deepEqual(
    scope.reported.map(({ message }) => message),
    ['a handler of other on /fake threw: full', 'a handler of add on /fake threw: full'],
  );
});

test('a peer may ask maxPendingAsks questions at a time; more are refused, at once', async () => {
  const { face, sent, scope } = connect(true);
  const answers: ((answer: string) => void)[] = [];
  face.on('add', () => new Promise((resolve) => answers.push(resolve)));
  face.on('fails', async () => {
    throw new Error('no');
  });
  for (const ask of [1, 2, 3, 4]) face.receive(`>add;0?${ask};x`);
  assert.equal(scope.options.maxPendingAsks, 3);
  assert.equal(answers.length, 3, 'the handlers are not bothered');
  assert.deepEqual(sent.splice(0), ['>;0~4;too many questions']);
  face.receive('>add;0;x');
  face.receive('>other;0?5;x');
  assert.equal(answers.length, 4, 'an event is no question');
  assert.deepEqual(sent.splice(0), ['>;0~5;no handler']);
  answers[1]?.('two');
  await settled();
  // One that fails makes room, too.
  for (const ask of [6, 7]) {
    face.receive(`>fails;0?${ask};x`);
    await settled();
  }
  face.receive('>add;0?8;x');
  face.receive('>add;0?9;x');
  assert.deepEqual(sent, [
    '>;0!2;two',
    '>;0~6;the handler failed',
    '>;0~7;the handler failed',
    '>;0~9;too many questions',
  ]);
  assert.deepEqual(
    scope.reported.map(({ message }) => message),
    Array(2).fill('a handler of fails on /fake threw: no'),
  );
});

test('nobody can listen for an event that no codec carries', () => {
  const { face } = connect(true);
  for (const event of ['', 'a;b', 'x'.repeat(17), 'ééééééééé', 5 as unknown as string]) {
    assert.throws(() => face.on(event, () => {}), { code: 'ERR_EVENT_NAME' }, event);
  }
  face.on('x'.repeat(16), () => {});
});

test('nobody can listen for half of a surrogate pair, nor for a reserved name', () => {
  const { face } = connect(true);
  for (const event of ['a\ud800', '\udc00', 'fanring:ping', 'fanring:']) {
    assert.throws(() => face.on(event, () => {}), { code: 'ERR_EVENT_NAME' }, event);
  }
  face.on('fanring', () => {});
  face.on('a😀', () => {});
});

test('a target is asked with the time that was given', async () => {
  const { face, scope } = connect(true);
  const { answers } = await face.to('red').emitWithAck('add', 'x', { timeoutMs: 5 });
  assert.deepEqual(answers, [{ id: 'someone', payload: 'yes' }]);
  const [[selection, question]] = scope.asked as [(typeof scope.asked)[number]];
  assert.deepEqual([selection, question.timeoutMs], [{ room: 'red', except: 0 }, 5]);
  assert.equal(question.encode(scope.codec), '>add;0;x');
  await assert.rejects(face.to('red').emitWithAck('add', 'x', { timeoutMs: 0 }), {
    code: 'ERR_OPTION',
  });
});
