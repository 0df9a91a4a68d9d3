import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Engine, type EngineError, Refusal, type ServerOptions } from '../../../src/main/index.ts';
import { close, frame, text } from '../../conformance/client-frames.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { SETUPS } from '../kit/test-engine.ts';
import { tokenOffer } from '../kit/tokens.ts';
import { until } from '../kit/until.ts';

const SECRET = 's3cr3t';
const REQUEST = {
  Cookie: `session=${SECRET}`,
  Authorization: `Bearer ${SECRET}`,
  'X-Api-Key': SECRET,
  'Sec-WebSocket-Protocol': `token.${SECRET}, ${tokenOffer(SECRET)}`,
  Origin: 'http://example.com',
};
const PATH = `/s?token=${SECRET}`;

const fail = () => {
  throw new Error('the app failed');
};

/** What can go wrong with an upgrade; of each the peer and the app are told something. */
const REFUSED: Readonly<Record<string, ServerOptions>> = {
  'an origin': { origins: [] },
  'authorize that refuses': { authorize: () => false },
  'authorize that throws': { authorize: fail },
  'authorize that throws a Refusal': {
    authorize: () => {
      throw new Refusal(403, 'go away');
    },
  },
  'authorize that fails with a status of its own': {
    authorize: () => {
      throw Object.assign(new Error(`query failed: ${SECRET}`), { status: 500 });
    },
  },
  'authorize whose result cannot be cloned': {
    authorize: ({ headers }) => ({ headers, not: Promise.resolve() }),
    handlers: new URL('../fixtures/throwing.ts', import.meta.url),
  },
  'authorize that takes too long': { authorize: () => new Promise(() => {}) },
  'an idGenerator that throws': { idGenerator: fail },
  'an idGenerator without an id': { idGenerator: () => '' },
  'no room': { maxConnectionsPerAddress: 1 },
};

/** An engine, and all that it says of errors as a log that shows everything would have it. */
function loggingEngine(shards: number) {
  const log: string[] = [];
  const engine = new Engine({ shards, handshakeTimeout: 200 });
  const note = (thrown: EngineError) => log.push(inspect(thrown, { depth: 10, showHidden: true }));
  engine.on('error', note);
  return { engine, log, note };
}

for (const { place, shards } of SETUPS.filter(({ place }) => place === 'closures')) {
  test(`no upgrade that fails tells what was in its request: ${place}, ${shards} shards`, async (t) => {
    const { engine, log } = loggingEngine(shards);
    await using _ = engine;
    const { port } = await engine.listen(0, { host: '127.0.0.1' });
    for (const [what, options] of Object.entries(REFUSED)) {
      await t.test(what, async () => {
        const server = engine.server({ endpoint: '/s', ...options });
        await server.ready;
        await using first = await RawClient.connect(port);
        first.send(upgradeRequest(PATH, REQUEST));
        await using second = await RawClient.connect(port);
        if (what === 'no room') await first.head();
        second.send(upgradeRequest(PATH, REQUEST));
        const { head, body } = await second.answer();
        assert.match(head, /^HTTP\/1\.1 [45]/);
        assert.ok(!`${head}${body}`.includes(SECRET), body);
        first.socket.destroy(); // it would not answer a close frame
        await server.close();
      });
    }
    await engine.close();
    assert.ok(log.length > 0);
    for (const entry of log) assert.ok(!entry.includes(SECRET), entry);
  });
}

for (const { place, shards } of SETUPS) {
  test(`no error of a connection tells what was in its request or messages: ${place}, ${shards} shards`, async () => {
    const { engine, log, note } = loggingEngine(shards);
    await using _ = engine;
    const limits = { rateLimit: { messagesPerSecond: 50 }, maxMessageSize: 100 };
    const handlers = new URL('../fixtures/leaky.ts', import.meta.url);
    const options = { endpoint: '/s', ...limits };
    if (place === 'module') engine.server({ ...options, handlers });
    else {
      engine.server(options).onConnection((c) => {
        c.onError(note);
        c.onMessage(() => fail());
      });
    }
    const { port } = await engine.listen(0, { host: '127.0.0.1' });
    for (const frames of [
      [text(`iris-websocket-message:${SECRET}`)],
      [text(`iris-websocket-message:e;4;{"x": ${SECRET}}`)],
      [text(SECRET)],
      [text(SECRET.repeat(20))],
      [frame(0xc1, SECRET)],
      [close(999, SECRET)],
      Array.from({ length: 60 }, () => text(SECRET)),
    ]) {
      await using client = await RawClient.open(port, PATH, REQUEST);
      for (const bytes of frames) client.send(bytes);
      const count = log.length;
      if (place === 'closures') await until(() => log.length !== count);
      client.send(close(1000));
      assert.ok(!(await client.rest()).includes(SECRET));
    }
    await engine.close();
    for (const entry of log) assert.ok(!entry.includes(SECRET), entry);
  });
}
