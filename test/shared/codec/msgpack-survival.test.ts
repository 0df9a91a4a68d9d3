import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createMsgpackCodec } from '../../../src/shared/codec/msgpack-codec.ts';

const PROTOCOL = readFileSync(new URL('../../../PROTOCOL.md', import.meta.url), 'utf8');
const HEADING = '### What survives msgpack';

const codec = createMsgpackCodec({ eventPrefix: 'unused', maxEventNameBytes: 8 });

/** What is sent, and what arrives of it. */
type Case = readonly [sent: unknown, arrives: unknown];

class Point {
  x = 1;
  readonly #secret = 2;

  get doubled(): number {
    return this.#secret * this.x;
  }
}

class Price {
  readonly cents = 5;

  toJSON(): unknown {
    return { price: this.cents };
  }
}

/** The same, as a value of its own. */
const same = (value: unknown): Case => [value, value];
const bytes = Uint8Array.of(0, 1, 255);
const shared = { a: 1 };
const sparse: unknown[] = ['a'];
sparse[2] = 'c';

function nested(levels: number): unknown {
  let value: unknown = 'deep';
  for (let i = 0; i < levels; i++) value = i % 2 ? [value] : { value };
  return value;
}

const circular: unknown[] = [];
circular.push(circular);

/** For each row of the table what proves it; a case of one value alone is refused by `emit`. */
const CASES: Record<string, readonly (Case | readonly [refused: unknown])[]> = {
  'a string': [same(''), same('é😀'), same('x'.repeat(70_000)), same(`\ufeff${'x'.repeat(70)}`)],
  'half of a surrogate pair in a string': [
    ['a\ud800b', 'a\ufffdb'],
    ['\udc00\ud800', '\ufffd\ufffd'],
    [`${'a'.repeat(100)}\udc00b`, `${'a'.repeat(100)}\ufffdb`],
    [
      { deep: ['\ud800'], b: 1 },
      { deep: ['\ufffd'], b: 1 },
    ],
    [
      { '\ud800': '\ud800', b: { '\udc00': 1 } },
      { '\ufffd': '\ufffd', b: { '\ufffd': 1 } },
    ],
    [
      ['a'.repeat(100), '\ud800'],
      ['a'.repeat(100), '\ufffd'],
    ],
    [new Map([['\ud800', new Set(['\udc00'])]]), { '\ufffd': ['\ufffd'] }],
    [new Error('\ud800'), ['Error', '\ufffd', null]],
    [
      ['한국', { '\ud800': bytes }],
      ['한국', { '\ufffd': bytes }],
    ],
    [JSON.parse('{"__proto__":1,"\\ud800":2}'), { __proto_: 1, '\ufffd': 2 }],
  ],
  'a boolean, `null`': [same(true), same(false), same(null)],
  'a whole number, a fraction': [same(2 ** 53 - 1), same(-(2 ** 53 - 1)), same(1.1), same(1e300)],
  '`NaN`, `Infinity`, `-Infinity`': [same(Number.NaN), same(1 / 0), same(-1 / 0)],
  '`-0`': [[-0, 0]],
  'a `bigint` beyond ±2⁵³': [same(2n ** 64n - 1n), same(-(2n ** 63n)), same(2n ** 53n + 1n)],
  'a smaller `bigint`': [[5n], [0n], [2n ** 53n], [-(2n ** 53n)], [[5n]], [{ a: 5n }]],
  'a `bigint` below −2⁶³ or from 2⁶⁴': [[2n ** 64n], [-(2n ** 63n) - 1n], [[2n ** 64n]]],
  '`undefined`': [
    [undefined, null],
    [[undefined], [null]],
  ],
  'a field that is `undefined`': [[{ a: undefined }, { a: null }]],
  'a hole in an array': [[sparse, ['a', null, 'c']]],
  '`Uint8Array`': [same(bytes), same({ deep: [bytes] })],
  '`Buffer`': [
    [Buffer.from(bytes), bytes],
    [[Buffer.from(bytes)], [bytes]],
  ],
  '`ArrayBuffer`': [
    [bytes.buffer, bytes],
    [[bytes.buffer], [bytes]],
  ],
  'another typed array, a `DataView`': [
    [Uint16Array.of(1, 2), Uint8Array.of(1, 0, 2, 0)],
    [new DataView(bytes.buffer, 1), Uint8Array.of(1, 255)],
    [new Float64Array(1), new Uint8Array(8)],
  ],
  'one of these inside the payload': [
    [[new Float64Array(1)]],
    [{ view: new DataView(bytes.buffer) }],
    [new Map([['a', new Uint16Array(1)]])],
  ],
  '`Date`': [same(new Date(1_765_432_109_876)), same([new Date(-1.5e12)]), same(new Date(0))],
  'an invalid `Date`': [[new Date(Number.NaN), null]],
  'an array, a plain object': [
    same([1, ['a']]),
    same({ a: { b: [] } }),
    same({ '': 1, 2: 3 }),
    same({ 한: ['국', 0xed, bytes] }),
  ],
  'an object without a prototype': [[Object.assign(Object.create(null), { a: 1 }), { a: 1 }]],
  'the same object twice': [
    [
      [shared, shared],
      [{ a: 1 }, { a: 1 }],
    ],
  ],
  'a key that is a symbol': [[{ [Symbol('s')]: 1, b: 2 }, { b: 2 }]],
  'the key `__proto__`': [[JSON.parse('{"__proto__":1}'), { __proto_: 1 }]],
  '`Map`': [
    [new Map<unknown, unknown>([['a', bytes]]), { a: bytes }],
    [new Map<unknown, unknown>([[1, true]]), { 1: true }],
  ],
  'a `Map` with an object or a function for a key': [
    [new Map([[{}, 1]])],
    [new Map([[bytes, 1]])],
    [[new Map([[new Date(0), 1]])]],
    [new Map([[() => {}, 1]])],
  ],
  '`Set`': [[new Set([1, 'a']), [1, 'a']]],
  'an instance of a class': [[new Point(), { x: 1 }]],
  'an object or an array with `toJSON`': [
    [new Price(), { price: 5 }],
    [new URL('http://host/'), 'http://host/'],
    [{ v: new Float64Array(6), toJSON: () => ({ price: 5 }) }, { price: 5 }],
    [
      [{ toJSON: () => 1 }, new Price()],
      [1, { price: 5 }],
    ],
    [Object.assign([1], { toJSON: () => 2 }), 2],
  ],
  '`Error`': [
    [new RangeError('why'), ['RangeError', 'why', null]],
    [new Error('why', { cause: 'c' }), ['Error', 'why', 'c']],
  ],
  '`RegExp`': [[/a+/gi, ['a+', 'gi']]],
  'a boxed number or boolean, a promise, a `WeakMap`': [
    [Object(1), {}],
    [[Object(true)], [{}]],
    [Promise.resolve(1), {}],
    [new WeakMap(), {}],
  ],
  'a function': [[() => {}], [Point]],
  'a function inside the payload': [
    [{ f: () => {} }, { f: null }],
    [[() => {}], [null]],
  ],
  'a symbol, anywhere but as a key': [[Symbol('s')], [[Symbol('s')]], [{ s: Symbol('s') }]],
  'a circular structure': [[circular]],
  '127 levels of nesting': [same(nested(127))],
  more: [[nested(128)]],
};

/** The two cells of each row of the table. */
function rowsOfTable(): readonly [string, string][] {
  const [, section = ''] = PROTOCOL.split(`${HEADING}\n`);
  const [table = ''] = section.split(/\n#/);
  const rows = [...table.matchAll(/^\| (.+?) \| (.+?) \|$/gm)];
  return rows.slice(2).map(([, sent = '', arrives = '']) => [sent, arrives]);
}

test('the table in PROTOCOL.md has these rows and no others', () => {
  assert.deepEqual(
    rowsOfTable().map(([sent]) => sent),
    Object.keys(CASES),
  );
});

/** What the right-hand cell says of the value that arrives, where it is not that of another row. */
const ARRIVALS: Record<string, (arrived: unknown, sent: unknown) => boolean> = {
  'U+FFFD in its place': (arrived) => /\ufffd/.test(JSON.stringify(arrived)),
  '0': (arrived) => Object.is(arrived, 0),
  '`null`': (arrived) => [arrived].flat(9).at(-1) === null || holds(arrived, null),
  'a field that is `null`': (arrived) => isPlainObject(arrived) && holds(arrived, null),
  'a `Uint8Array`': (arrived) => isBytes([arrived].flat()[0]),
  'a `Uint8Array` of its bytes': (arrived, sent) =>
    isBytes(arrived) && arrived.length === (sent as ArrayBufferView).byteLength,
  'a plain object': isPlainObject,
  'two equal objects': (arrived) => {
    const [one, two] = arrived as [unknown, unknown];
    assert.deepEqual(one, two);
    return isPlainObject(one) && one !== two;
  },
  nothing: (arrived) =>
    isPlainObject(arrived) && Object.getOwnPropertySymbols(arrived).length === 0,
  'the key `__proto_`': (arrived) => Object.hasOwn(arrived as object, '__proto_'),
  'an object': isPlainObject,
  'an array': Array.isArray,
  'an object with its own public fields': isPlainObject,
  'what `toJSON` returns': (arrived, sent) => {
    const json = JSON.parse(JSON.stringify(sent)) as unknown;
    assert.deepEqual(arrived, json);
    return true;
  },
  'an array: name, message, cause': (arrived) => (arrived as unknown[]).length === 3,
  'an array: source, flags': (arrived) => (arrived as unknown[]).length === 2,
  '`{}`': (arrived) => JSON.stringify([arrived].flat()[0]) === '{}',
};

function isPlainObject(value: unknown): value is object {
  return value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function isBytes(value: unknown): value is Uint8Array {
  return value !== null && Object.getPrototypeOf(value) === Uint8Array.prototype;
}

/** Whether a list or an object has a part that is this one. */
function holds(value: unknown, part: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).includes(part);
}

for (const [sent, arrives] of rowsOfTable()) {
  test(`${sent}: ${arrives}`, () => {
    const cases = CASES[sent] ?? assert.fail('no case proves it');
    for (const proof of cases) {
      if (arrives === '`ERR_PAYLOAD`') {
        assert.equal(proof.length, 1, 'a case with which emit throws');
        assert.throws(() => codec.encode('e', proof[0]), { code: 'ERR_PAYLOAD' });
        assert.throws(() => codec.encodeAnswer(1, proof[0]), { code: 'ERR_PAYLOAD' });
        continue;
      }
      const [value, expected] = proof as Case;
      const { payload } = codec.decode(codec.encode('e', value)) as { payload: unknown };
      assert.deepEqual(payload, expected);
      const answer = codec.decode(codec.encodeAnswer(1, value));
      assert.deepEqual(answer, { answerTo: 1, payload: expected });
      if (arrives === 'the same') {
        assert.deepEqual(payload, value);
      } else {
        const says = ARRIVALS[arrives] ?? assert.fail(`nothing tells '${arrives}'`);
        assert.ok(says(payload, value), `it arrives as ${arrives}`);
      }
    }
  });
}
