import { strict as assert } from 'node:assert';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import {
  type EngineOptions,
  resolveCloseOptions,
  resolveEngineOptions,
} from '../../../src/shared/options/engine-options.ts';
import {
  resolveServerOptions,
  type ServerOptions,
  shardServerOptions,
} from '../../../src/shared/options/server-options.ts';

const ANY_NUMBER = ['5', 1.5, Number.NaN, Infinity, null, true, 10n];

/** For each option: what it may be, what it may not, and what the error says is allowed. */
type Values<Config> = {
  readonly [Name in keyof Required<Config>]: {
    readonly good: readonly unknown[];
    readonly bad: readonly unknown[];
    readonly allowed: string;
  };
};

/** The rules of a whole number. */
function whole(minimum: number, maximum: number) {
  return {
    good: [minimum, maximum],
    bad: [minimum - 1, maximum + 1, ...ANY_NUMBER],
    allowed: `a whole number from ${minimum} to ${maximum}`,
  };
}

const MS = 2 ** 31 - 1;
const aFunction = { good: [() => true], bad: ['x', {}, null, true], allowed: 'a function' };

const ENGINE: Values<EngineOptions> = {
  shards: whole(0, 256),
  ringMemory: whole(2 ** 16, 2 ** 40),
  maxOutboxBytes: whole(1, 2 ** 40),
  maxEmitters: whole(0, 1024),
  maxHeaderBytes: whole(256, 2 ** 24),
  handshakeTimeout: whole(1, MS),
  maxPlainConnections: whole(1, 2 ** 32 - 1),
  maxPlainConnectionsPerAddress: whole(0, 2 ** 32 - 1),
  sampleInterval: whole(0, MS),
  clientScriptPath: {
    good: ['', '/a.js', '/a/b-c.js'],
    bad: ['a.js', '/a?b', '/a#b', 'http://host/a.js', null, 1],
    allowed: "'' or a path such as '/iris-ws.js'",
  },
  resourceLimits: {
    good: [{}, { maxOldGenerationSizeMb: 16, stackSizeMb: undefined }],
    bad: [null, 64, { maxOldGenerationSizeMb: '64' }, { maxOldGenerationSizeMb: 15 }, { heap: 64 }],
    allowed:
      'an object such as { maxOldGenerationSizeMb: 256 }: 16 or more of that, 1 or more of the others',
  },
  watchdogMs: whole(0, MS),
  trustProxy: {
    good: [0, 3, [], ['10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8']],
    bad: [-1, 1.5, true, null, '10.0.0.1', [7], ['loopback'], ['10.0.0.0/'], ['host/8']],
    allowed: "a whole number of proxies, or an array of addresses and ranges such as '10.0.0.0/8'",
  },
};

const SERVER: Values<ServerOptions> = {
  endpoint: {
    good: ['', '/', '/chat', '/a/b', '/a%20b', '/chat/'],
    bad: ['chat?a', '/a?b', '/a#b', '/a b', '/ä', '/a/../b', '//host/a', 'ws://host/a', null, 1],
    allowed: "'' or a path such as '/chat' without query; '*' and ':name' stand for nothing yet",
  },
  codec: {
    good: ['text', 'msgpack', 'negotiate'],
    bad: ['json', '', null],
    allowed: "'text' or 'msgpack' or 'negotiate'",
  },
  eventPrefix: {
    good: ['p', ';', 'p\ufeff', '😀'],
    bad: ['', '\ufeff', '\ufeffp', 'p\ud800', null, 1],
    allowed: 'a non-empty string that begins with no byte order mark',
  },
  handlers: {
    good: [new URL('file:///a.ts'), 'file:///a.ts'],
    bad: ['./a.ts', '/a.ts', '', null, {}],
    allowed: "a module's file URL, such as new URL('./chat.ts', import.meta.url)",
  },
  headers: {
    good: [{}, { 'X-A': 'b', Server: 'me' }],
    bad: [
      null,
      [],
      'X-A: b',
      { 'X A': 'b' },
      { 'X-A': 1 },
      { 'X-A': 'b\r\nX-C: d' },
      { 'X-A': '✓' },
      { Upgrade: 'websocket' },
      { connection: 'close' },
      { 'Sec-WebSocket-Accept': 'x' },
      { 'Sec-WebSocket-Protocol': 'x' },
      { 'sec-websocket-extensions': 'x' },
    ],
    allowed: "an object of HTTP headers that are not the handshake's own",
  },
  protocols: {
    good: [[], ['a', 'b.c-1']],
    bad: ['a', ['a', 'a'], ['a b'], [''], ['a,b'], [1], null],
    allowed: 'an array of different subprotocol tokens',
  },
  origins: {
    good: ['same-host', '*', [], ['http://a', 'https://b.c:8443'], () => true],
    bad: ['http://a', ['a'], ['http://a/'], ['http://a:80'], ['HTTP://a'], [1], null, {}],
    allowed:
      "'same-host', '*', a function, or an array of origins (with no path and no slash behind): 'https://host:8080', 'https://*.host', 'capacitor://localhost', 'null'",
  },
  authorize: aFunction,
  idGenerator: aFunction,
  compression: {
    good: [], // becomes something else: compression-options.test.ts
    bad: [null, 1, 'deflate', [], () => true],
    allowed: 'true, false or an object of compression options',
  },
  maxMessageSize: whole(1, 2 ** 30),
  readBufferSize: whole(64, 2 ** 24),
  writeBufferSize: whole(64, 2 ** 24),
  writeTimeout: whole(1, MS),
  pongTimeout: whole(2, MS),
  pingPeriod: { ...whole(1, MS), good: [1, 59_999] },
  closeTimeout: whole(1, MS),
  maxBufferedBytes: whole(1, 2 ** 30),
  slowConsumer: {
    good: ['close', 'drop', 'latest'],
    bad: ['keep', null],
    allowed: "'close' or 'drop' or 'latest'",
  },
  maxRooms: whole(0, 2 ** 24),
  maxRoomNameBytes: whole(1, 65_535),
  maxEventNameBytes: whole(1, 65_535),
  maxPendingAsks: whole(1, 2 ** 24),
  maxConcurrentHandlers: whole(1, 2 ** 24),
  maxFragments: whole(1, 2 ** 24),
  maxConnections: whole(1, 2 ** 32 - 1),
  maxConnectionsPerAddress: whole(0, 2 ** 32 - 1),
  rateLimit: {
    good: [undefined],
    bad: [null, 100, 'x'],
    allowed: 'an object such as { messagesPerSecond: 100 }',
  },
  events: {
    good: [undefined, {}],
    bad: [null, [], 'chat', 1],
    allowed: 'an object of schemas',
  },
  checkOutgoing: { good: [false], bad: [null, 1, 'yes'], allowed: 'true or false' },
  keepHeaders: {
    good: ['safe', 'all', [], ['user-agent', 'x-a']],
    bad: ['none', null, ['User-Agent'], ['a b'], [1]],
    allowed: "'safe', 'all' or an array of lower-case header names",
  },
};

for (const [what, values, resolve] of [
  ['engine', ENGINE, resolveEngineOptions],
  ['server', SERVER, resolveServerOptions],
] as const) {
  for (const [name, { good, bad, allowed }] of Object.entries(values)) {
    test(`${what}, ${name}: takes ${allowed}, and nothing else`, () => {
      for (const value of good) {
        const resolved = resolve({ [name]: value }) as unknown as Record<string, unknown>;
        assert.equal(resolved[name], value);
      }
      for (const value of bad) {
        assert.throws(
          () => resolve({ [name]: value }),
          ({ code, message }: { code: string; message: string }) =>
            code === 'ERR_OPTION' &&
            message.startsWith(`${name}: `) &&
            message.endsWith(` is not ${allowed}`),
          String(value),
        );
      }
    });
  }

  test(`${what}: refuses options that there are not, and what are no options`, () => {
    assert.throws(() => resolve({ pongTimout: 5 } as object), {
      code: 'ERR_OPTION',
      message: /^pongTimout: no such option; there are /,
    });
    for (const options of [null, 'x', 5]) {
      assert.throws(() => resolve(options as unknown as object), {
        code: 'ERR_OPTION',
        message: /^options must be an object, not /,
      });
    }
  });
}

test('an option that is left out, or undefined, has its default', () => {
  assert.deepEqual(resolveEngineOptions({ shards: undefined }), {
    shards: Math.max(1, availableParallelism() - 1),
    ringMemory: 64 * 2 ** 20,
    maxOutboxBytes: 64 * 2 ** 20,
    maxEmitters: 16,
    maxHeaderBytes: 16 * 2 ** 10,
    handshakeTimeout: 10_000,
    maxPlainConnections: 10_000,
    maxPlainConnectionsPerAddress: 0,
    sampleInterval: 1000,
    clientScriptPath: '/iris-ws.js',
    resourceLimits: undefined,
    watchdogMs: 0,
    trustProxy: 0,
  });
  assert.deepEqual(resolveServerOptions({ authorize: undefined }), {
    endpoint: '',
    codec: 'text',
    eventPrefix: 'iris-websocket-message:',
    handlers: undefined,
    headers: {},
    protocols: [],
    origins: 'same-host',
    authorize: undefined,
    idGenerator: undefined,
    compression: undefined,
    maxMessageSize: 1024,
    readBufferSize: 64 * 2 ** 10,
    writeBufferSize: 16 * 2 ** 10,
    writeTimeout: 15_000,
    pongTimeout: 60_000,
    pingPeriod: 54_000,
    closeTimeout: 5_000,
    maxBufferedBytes: 2 ** 20,
    slowConsumer: 'close',
    maxRooms: 1000,
    maxRoomNameBytes: 256,
    maxEventNameBytes: 256,
    maxPendingAsks: 1000,
    maxConcurrentHandlers: 64,
    maxFragments: 1024,
    maxConnections: 1_000_000,
    maxConnectionsPerAddress: 0,
    rateLimit: undefined,
    events: undefined,
    checkOutgoing: false,
    keepHeaders: 'safe',
  });
});

test('closes are spread over no more time than there is', () => {
  assert.deepEqual(resolveCloseOptions({}), { timeoutMs: 5_000, drainMs: undefined });
  assert.deepEqual(resolveCloseOptions({ timeoutMs: 9, drainMs: 9 }), { timeoutMs: 9, drainMs: 9 });
  assert.throws(() => resolveCloseOptions({ timeoutMs: 9, drainMs: 10 }), {
    code: 'ERR_OPTION',
    message: 'drainMs: 10 is not at most timeoutMs (9)',
  });
});

test('pingPeriod follows pongTimeout, and must be less', () => {
  assert.equal(resolveServerOptions({ pongTimeout: 1000 }).pingPeriod, 900);
  assert.equal(resolveServerOptions({ pongTimeout: 2 }).pingPeriod, 1);
  assert.equal(resolveServerOptions({ pongTimeout: 1000, pingPeriod: 999 }).pingPeriod, 999);
  assert.throws(() => resolveServerOptions({ pongTimeout: 1000, pingPeriod: 1000 }), {
    code: 'ERR_OPTION',
    message: 'pingPeriod: 1000 is not less than pongTimeout (1000)',
  });
});

test('maxFragments leaves room for a message of maxMessageSize in small fragments', () => {
  for (const [maxMessageSize, maxFragments] of [
    [1, 1024],
    [16 * 1024, 1024],
    [16 * 1024 + 1, 1025],
    [2 ** 24, 2 ** 20],
    [2 ** 30, 2 ** 24],
  ] as const) {
    assert.equal(resolveServerOptions({ maxMessageSize }).maxFragments, maxFragments);
  }
  assert.equal(resolveServerOptions({ maxMessageSize: 2 ** 24, maxFragments: 3 }).maxFragments, 3);
});

test('what goes to the shards can be cloned, and has all that they need', () => {
  const options = resolveServerOptions({
    endpoint: '/a',
    handlers: new URL('file:///a.ts'),
    authorize: () => true,
    idGenerator: () => 'x',
    origins: () => true,
  });
  const { authorize, idGenerator, origins, events, ...rest } = options;
  const forShards = shardServerOptions(options);
  assert.deepEqual(forShards, { ...rest, handlers: 'file:///a.ts' });
  assert.deepEqual(structuredClone(forShards), forShards);
  assert.equal(shardServerOptions(resolveServerOptions({})).handlers, undefined);
});
