import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { ServerHandle } from '../../../src/shared/api/public-types.ts';
import { AppConnection } from '../../../src/shared/app/app-connection.ts';
import type { ConnectionLink } from '../../../src/shared/app/connection-link.ts';
import { FakeVerbs } from './fake-verbs.ts';

/** A connection whose peer answers, or is not known to; what it sends is kept. */
function connect(answersAsks: boolean) {
  const verbs = new FakeVerbs();
  const sent: unknown[] = [];
  const link = {
    number: 7,
    shard: 2,
    rooms: undefined,
    codec: verbs.codec,
    answersAsks,
    send: (message: unknown) => sent.push(message),
  } as unknown as ConnectionLink & { send(message: unknown): void };
  const server = { endpoint: '/fake' } as ServerHandle;
  const request = { method: 'GET', url: '/fake', headers: {}, remoteAddress: '' };
  const connection = new AppConnection(server, verbs, link, { id: 'me', request, data: undefined });
  return { connection, link, verbs, sent };
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
    const { connection } = connect(false);
    assert.equal(connection.answersAsks, false);
    connection.receive('>chat;0;x');
    connection.receive('native');
    assert.equal(connection.answersAsks, false);
    connection.receive(message);
    assert.equal(connection.answersAsks, true);
  });
}

test('a question is answered with what the handler returns', async () => {
  const { connection, sent } = connect(false);
  connection.on('add', (text) => `${text}!`);
  connection.receive('>add;0?5;x');
  connection.receive('>other;0?6;x');
  await settled();
  assert.deepEqual(sent.sort(), ['>;0!5;x!', '>;0~6;no handler']);
});

test('an answer comes once, to its question', async () => {
  const { connection, sent } = connect(true);
  const asked = connection.emitWithAck('add', 'x');
  const number = numberOf(sent);
  assert.deepEqual(sent, [`>add;0?${number};x`]);
  connection.receive(`>;0!${number + 1};no`);
  connection.receive(`>;0!${number};yes`);
  connection.receive(`>;0~${number};again`);
  assert.equal(await asked, 'yes');
});

test('what a peer answers says why there is no answer', async () => {
  const { connection, sent } = connect(true);
  const asked = connection.emitWithAck('add', 'x', { timeoutMs: 5000 });
  connection.receive(`>;0~${numberOf(sent)};no handler`);
  const message = "no answer to 'add': the other side said 'no handler'";
  await assert.rejects(asked, { code: 'ERR_ACK_FAILED', message });
});

test('its end ends what it has been asked, and what it is asked then', async () => {
  const { connection, sent } = connect(true);
  const ended = { code: 'ERR_CONNECTION_ENDED' };
  const asked = assert.rejects(connection.emitWithAck('add', 'x'), ended);
  connection.ended([], { code: 1000, reason: '' });
  await asked;
  await assert.rejects(connection.emitWithAck('add', 'x'), ended);
  assert.equal(sent.length, 1);
});

test('one that has ended is not one that cannot answer, whatever is known of its peer', async () => {
  const { connection, sent } = connect(false);
  connection.ended([], { code: 1000, reason: '' });
  await assert.rejects(connection.emitWithAck('add', 'x'), { code: 'ERR_CONNECTION_ENDED' });
  assert.deepEqual(sent, []);
});

test('answers of handlers that disconnect are sent, and the close is due behind the last', async () => {
  const { connection, link, sent } = connect(true);
  link.disconnect = (code, _reason, owesAnswers) => {
    sent.push(`close ${code} ${owesAnswers}`);
    connection.ended([], { code, reason: '' });
  };
  link.concluded = () => sent.push('concluded');
  const { promise, resolve } = Promise.withResolvers<string>();
  connection.on('slow', () => promise);
  connection.on('login', () => {
    connection.disconnect(4401);
    connection.disconnect(4402);
    return 'no';
  });
  connection.receive('>slow;0?1;x');
  connection.receive('>login;0?2;x');
  await settled();
  assert.deepEqual(sent, ['close 4401 true', '>;0!2;no']);
  resolve('late');
  await settled();
  assert.deepEqual(sent.slice(2), ['>;0!1;late', 'concluded']);
});

test('a disconnect with no answer due waits for nothing', async () => {
  const { connection, link, sent } = connect(true);
  link.disconnect = (code, _reason, owesAnswers) => sent.push(`close ${code} ${owesAnswers}`);
  connection.on('add', () => 'sum');
  connection.receive('>add;0?1;x');
  await settled();
  connection.disconnect(4000);
  assert.deepEqual(sent, ['>;0!1;sum', 'close 4000 false']);
});

test('a handler that answers after the end has nobody to answer to', async () => {
  const { connection, sent, verbs } = connect(true);
  const { promise, resolve } = Promise.withResolvers<string>();
  connection.on('add', () => promise);
  connection.receive('>add;0?1;x');
  connection.ended([], { code: 1000, reason: '' });
  resolve('late');
  await settled();
  assert.deepEqual([sent, verbs.reported], [[], []]);
});

test('the answer to a client that asks whether we are there goes a way of its own', () => {
  const { connection, link, sent } = connect(true);
  const answers: unknown[] = [];
  link.sendProbeAnswer = (message) => answers.push(message);
  connection.receive('>fanring:ping;0?1;');
  assert.deepEqual([answers, sent], [['>;0~1;no handler'], []]);
});

test('an answer that cannot be sent is reported, and nothing else happens', async () => {
  const { connection, link, verbs } = connect(true);
  link.send = () => {
    throw new Error('full');
  };
  connection.on('add', () => 'sum');
  connection.receive('>add;0?1;x');
  connection.receive('>other;0?2;x');
  await settled();
  assert.deepEqual(
    verbs.reported.map(({ message }) => message),
    ['a handler of other on /fake threw: full', 'a handler of add on /fake threw: full'],
  );
});

test('a peer may ask maxPendingAsks questions at a time; more are refused, at once', async () => {
  const { connection, sent, verbs } = connect(true);
  const answers: ((answer: string) => void)[] = [];
  connection.on('add', () => new Promise((resolve) => answers.push(resolve)));
  connection.on('fails', async () => {
    throw new Error('no');
  });
  for (const ask of [1, 2, 3, 4]) connection.receive(`>add;0?${ask};x`);
  assert.equal(verbs.limits.maxPendingAsks, 3);
  assert.equal(answers.length, 3, 'the handlers are not bothered');
  assert.deepEqual(sent.splice(0), ['>;0~4;too many questions']);
  connection.receive('>add;0;x');
  connection.receive('>other;0?5;x');
  assert.equal(answers.length, 4, 'an event is no question');
  assert.deepEqual(sent.splice(0), ['>;0~5;no handler']);
  answers[1]?.('two');
  await settled();
  // One that fails makes room, too.
  for (const ask of [6, 7]) {
    connection.receive(`>fails;0?${ask};x`);
    await settled();
  }
  connection.receive('>add;0?8;x');
  connection.receive('>add;0?9;x');
  assert.deepEqual(sent, [
    '>;0!2;two',
    '>;0~6;the handler failed',
    '>;0~7;the handler failed',
    '>;0~9;too many questions',
  ]);
  assert.deepEqual(
    verbs.reported.map(({ message }) => message),
    Array(2).fill('a handler of fails on /fake threw: no'),
  );
});

test('nobody can listen for an event that no codec carries', () => {
  const { connection } = connect(true);
  for (const event of ['', 'a;b', 'x'.repeat(17), 'ééééééééé', 5 as unknown as string]) {
    assert.throws(() => connection.on(event, () => {}), { code: 'ERR_EVENT_NAME' }, event);
  }
  connection.on('x'.repeat(16), () => {});
});

test('nobody can listen for half of a surrogate pair, nor for a reserved name', () => {
  const { connection } = connect(true);
  for (const event of ['a\ud800', '\udc00', 'fanring:ping', 'fanring:']) {
    assert.throws(() => connection.on(event, () => {}), { code: 'ERR_EVENT_NAME' }, event);
  }
  connection.on('fanring', () => {});
  connection.on('a😀', () => {});
});

test('a target is asked with the time that was given', async () => {
  const { connection, verbs } = connect(true);
  const { answers } = await connection.to('red').emitWithAck('add', 'x', { timeoutMs: 5 });
  assert.deepEqual(answers, [{ id: 'someone', payload: 'yes' }]);
  const [[selection, question]] = verbs.asked as [(typeof verbs.asked)[number]];
  assert.deepEqual([selection, question.timeoutMs], [{ room: 'red', except: 0 }, 5]);
  assert.equal(question.encode(verbs.codec), '>add;0;x');
  await assert.rejects(connection.to('red').emitWithAck('add', 'x', { timeoutMs: 0 }), {
    code: 'ERR_OPTION',
  });
});
