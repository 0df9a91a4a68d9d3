import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { z } from 'zod';
import type { ServerHandle } from '../../../src/shared/api/public-types.ts';
import { AppConnection } from '../../../src/shared/app/app-connection.ts';
import type { ConnectionLink } from '../../../src/shared/app/connection-link.ts';
import { RunningHandlers } from '../../../src/shared/app/running-handlers.ts';
import { EventChecks } from '../../../src/shared/schema/event-checks.ts';
import { FakeVerbs } from '../app/fake-verbs.ts';

const OPTIONS = { endpoint: '/fake', checkOutgoing: false, maxEventNameBytes: 16 };
const REASON = { code: 1000, reason: '' };

/** A connection whose event `slow` is being checked until `finish` is called. */
function connect(closeTimeout = 60_000) {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const validate = async (value: unknown) => ((await promise) ? { value } : { issues: [] });
  const slow = { '~standard': { version: 1, vendor: 'test', validate } } as const;
  const events = { slow, quick: z.string().max(3) };
  const checks = new EventChecks(events, OPTIONS, { invalidPayloads: 0 });
  const verbs = Object.assign(new FakeVerbs(), { checks });
  const log: unknown[] = [];
  const link = {
    number: 7,
    shard: 2,
    rooms: undefined,
    codec: verbs.codec,
    send: (message: unknown) => log.push(message),
    hold: () => log.push('hold'),
    release: () => log.push('release'),
    disconnect: () => {},
  } as unknown as ConnectionLink;
  const server = { endpoint: '/fake' } as ServerHandle;
  const request = { method: 'GET', url: '/fake', headers: {}, remoteAddress: '' };
  const running = new RunningHandlers({ maxConcurrentHandlers: 2, closeTimeout });
  const identity = { id: 'me', request, data: undefined };
  const connection = new AppConnection(server, verbs, link, identity, running);
  for (const event of ['slow', 'quick', 'free']) {
    connection.on(event, (payload) => void log.push(`${event} ${payload}`));
  }
  connection.onError(({ code }) => log.push(code));
  connection.onDisconnect(() => log.push('gone'));
  return { connection, running, log, verbs, finish: resolve, fail: reject };
}

const settled = async () => {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
};

test('a check that is at work keeps all behind it, and then reads on', async () => {
  const { connection, log, finish } = connect();
  connection.receive('>slow;0;a');
  connection.receive('>free;0;b'); // without a schema
  connection.receive('>quick;0?5;long');
  connection.receive(`>free;0;${'x'.repeat(64 * 1024)}`);
  assert.deepEqual(log, ['hold'], 'few bytes wait');
  finish(true);
  await settled();
  const [large] = log.splice(5, 1);
  assert.match(String(large), /^free x{65536}$/);
  const failure = '>;0~5;invalid payload: Too big: expected string to have <=3 characters';
  assert.deepEqual(log, ['hold', 'slow a', 'free b', 'ERR_PAYLOAD_INVALID', failure, 'release']);
});

test('a connection that is disconnected meanwhile gets nothing of it', async () => {
  const { connection, log, finish } = connect();
  connection.receive('>slow;0?5;a');
  connection.disconnect();
  finish(true);
  await settled();
  assert.deepEqual(log, []);
});

test('the end is told behind a check that is at work', async () => {
  const { connection, running, log, finish } = connect();
  connection.receive('>slow;0;a');
  connection.receive('>quick;0;b');
  connection.ended([], REASON);
  const ended = running.ended(60_000, '/fake', (error) => log.push(error.code));
  await settled();
  assert.deepEqual(log, []);
  finish(true);
  await ended;
  assert.deepEqual(log, ['slow a', 'quick b', 'gone']);
});

test('nothing reaches a handler behind the end, however late a check is done', async () => {
  const { connection, log, finish, verbs } = connect(1);
  connection.receive('>slow;0;a');
  connection.receive('>quick;0;b');
  connection.ended([], REASON);
  while (log.length === 0) await settled();
  assert.deepEqual([log, verbs.reported.length], [['gone'], 1]);
  finish(true);
  await settled();
  assert.deepEqual(log, ['gone']);
});

test('a schema that rejects is told of, and those behind it go on', async () => {
  const { connection, log, fail } = connect();
  connection.receive('>slow;0?6;a');
  connection.receive('>quick;0;b');
  fail(new Error('the database is away'));
  await settled();
  assert.deepEqual(log, ['ERR_HANDLER', '>;0~6;the schema failed', 'quick b']);
});

test('the close of a server waits for a check that is at work', async () => {
  const { connection, running, log, finish } = connect();
  connection.receive('>slow;0;a');
  const ended = running.ended(60_000, '/fake', () => log.push('too long'));
  void ended.then(() => log.push('closed'));
  await settled();
  assert.deepEqual(log, []);
  finish(true);
  await ended;
  assert.deepEqual(log, ['slow a', 'closed']);
});
