import fc from 'fast-check';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** Values that a header may have or must not have, some of them close to what is right. */
const values = fc.oneof(
  fc.constantFrom('', ' ', 'websocket', 'WebSocket', 'h2c', 'Upgrade', 'keep-alive, Upgrade', '13'),
  fc.constantFrom(
    '8',
    '013',
    '1e3',
    KEY,
    `${KEY}=`,
    'fanring.text.v1',
    'fanring.msgpack.v1',
    'a,,b',
  ),
  fc.constantFrom(
    'permessage-deflate',
    'permessage-deflate; server_max_window_bits=9',
    'permessage-deflate; server_max_window_bits=010, permessage-deflate; client_max_window_bits',
    'permessage-deflate; server_no_context_takeover; a="b',
    'x; y="\\z", permessage-deflate;',
  ),
  fc.constantFrom(
    'http://a',
    'null',
    'file://',
    'http://[::1',
    '://',
    'chunked',
    '0',
    '-1',
    '5',
    'a',
  ),
  fc.string({ unit: 'binary-ascii', maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const names = fc.oneof(
  fc.constantFrom('host', 'origin', 'upgrade', 'connection', 'sec-websocket-key'),
  fc.constantFrom('sec-websocket-version', 'sec-websocket-protocol', 'sec-websocket-extensions'),
  fc.constantFrom('content-length', 'transfer-encoding', 'cookie', 'set-cookie', '__proto__'),
  fc.constantFrom('constructor', 'x-a'),
  fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 12 }),
);

/** The target of a request. */
const urls = fc.oneof(
  fc.constant('/w'),
  fc.constantFrom(
    '/w',
    '/w?a=b',
    '/',
    '*',
    'http://a/w',
    'http://[',
    '//',
    '/%',
    '/w#',
    '',
    '/w/../w',
  ),
  fc.webUrl(),
  fc.string({ unit: 'binary-ascii', maxLength: 40 }),
);
const methods = fc.oneof(
  { weight: 5, arbitrary: fc.constant('GET') },
  fc.constantFrom('POST', 'get'),
);

const GOOD = {
  host: 'a',
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': KEY,
};

/** The headers of a handshake, some of them changed, added or missing. */
const headers: fc.Arbitrary<[name: string, value: string][]> = fc
  .tuple(fc.array(fc.tuple(names, values), { maxLength: 4 }), fc.subarray(Object.keys(GOOD)))
  .map(([changed, missing]) => {
    const left = Object.entries(GOOD).filter(
      ([name]) => !missing.includes(name) || changed.length > 2,
    );
    return [...left, ...changed];
  });

/** A request as the HTTP parser would give it. */
export const requests = fc.record({
  method: methods,
  url: urls,
  httpVersion: fc.constantFrom('1.1', '1.1', '1.0', '2.0'),
  headers,
});

/** The bytes of a handshake that is good but for what it has besides. */
const goodBytes = fc
  .record({
    url: fc.constantFrom('/w', '/w?a=b'),
    extra: fc.array(fc.tuple(names, values), { maxLength: 4 }),
    behind: fc.uint8Array({ maxLength: 20 }),
  })
  .map(({ url, extra, behind }) => {
    const lines = [...Object.entries(GOOD), ...extra].map(([name, value]) => `${name}: ${value}`);
    return Buffer.concat([
      Buffer.from(`GET ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`),
      behind,
    ]);
  });

/** The bytes of a request, some of them changed or missing, and noise. */
export const requestBytes: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 9, arbitrary: goodBytes },
  {
    weight: 9,
    arbitrary: fc
      .record({
        request: requests,
        edits: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }),
        behind: fc.uint8Array({ maxLength: 20 }),
        end: fc.option(fc.nat(), { freq: 4 }),
      })
      .map(({ request, edits, behind, end }) => {
        const lines = request.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
        const line = `${request.method} ${request.url} HTTP/${request.httpVersion}\r\n`;
        const bytes = Buffer.concat([Buffer.from(`${line}${lines}\r\n`), behind]);
        for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
        return end === null ? bytes : bytes.subarray(0, end % bytes.length);
      }),
  },
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
);
