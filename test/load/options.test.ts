import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { sourceAddress } from '../../src/load/load-target.ts';
import { HELP, readOptions } from '../../src/load/options.ts';

const URL_OF_A_SERVER = 'ws://localhost:8080/chat?token=1';

test('a URL is enough: the rest has defaults', () => {
  const options = readOptions([URL_OF_A_SERVER]);
  assert.ok(options);
  const { target, ...rest } = options;
  assert.deepEqual(target, {
    host: 'localhost',
    port: 8080,
    isTls: false,
    path: '/chat?token=1',
    authority: 'localhost:8080',
    headers: [],
    protocol: undefined,
    insecure: false,
  });
  assert.deepEqual(rest, {
    url: URL_OF_A_SERVER,
    connections: 100,
    ramp: 500,
    rate: 100,
    duration: 10,
    event: undefined,
    message: '',
    payloadSize: 64,
    codec: 'text',
    eventPrefix: 'iris-websocket-message:',
    json: false,
  });
});

test('headers, the origin and the codec go into the upgrade', () => {
  const args = ['--header', 'Cookie: a=b:c', '--header=X-Y:z', '--origin', 'https://a.example'];
  const options = readOptions(['wss://[::1]', ...args, '--codec', 'msgpack', '--insecure']);
  assert.ok(options);
  const { host, port, isTls, authority, headers, protocol, insecure } = options.target;
  assert.deepEqual([host, port, isTls, authority, insecure], ['::1', 443, true, '[::1]', true]);
  assert.deepEqual(headers, [
    ['Cookie', 'a=b:c'],
    ['X-Y', 'z'],
    ['Origin', 'https://a.example'],
  ]);
  assert.equal(protocol, 'fanring.msgpack.v1');
});

test('each wrong option is refused with its name, its value and what is allowed', () => {
  const cases: [args: string[], message: RegExp][] = [
    [[], /a URL is missing, such as ws:/],
    [['http://a'], /'http:\/\/a' is no URL such as ws:/],
    [['ws://a', 'ws://b'], /one URL, not ws:\/\/a and ws:\/\/b/],
    [['ws://a', '--connections', '0'], /--connections: '0' is not a whole number from 1 to/],
    [['ws://a', '--connections', '1.5'], /--connections: '1.5'/],
    [['ws://a', '--ramp', 'x'], /--ramp: 'x' is not a whole number/],
    [['ws://a', '--rate=-1'], /--rate: '-1' is not a number from 0/],
    [['ws://a', '--duration='], /--duration: '' is not a number/],
    [['ws://a', '--payload-size', '15'], /--payload-size: '15' is not a whole number from 16/],
    [['ws://a', '--codec', 'json'], /--codec: 'json' is not text or msgpack/],
    [['ws://a', '--event', 'a', '--message', 'b'], /--event and --message: one of the two/],
    [['ws://a', '--header', 'x'], /--header: 'x' is not a header such as/],
    [['ws://a', '--header', 'a: b\r\nc: d'], /--header: /],
    [['ws://a', '--origin', 'a.example'], /--origin: 'a.example' is not an origin such as/],
    [['ws://a', '--nope'], /--nope/],
  ];
  for (const [args, message] of cases) assert.throws(() => readOptions(args), { message });
});

test('help is asked for without a URL, and names every option', () => {
  assert.equal(readOptions(['--help']), undefined);
  assert.equal(readOptions(['-h', 'nonsense']), undefined);
  for (const name of ['connections', 'ramp', 'rate', 'duration', 'event', 'message', 'json']) {
    assert.match(HELP, new RegExp(`--${name} `));
  }
});

test('more connections to the loopback interface than one address has ports for come from others', () => {
  const options = readOptions(['ws://127.0.0.1:80']);
  assert.ok(options);
  const { target } = options;
  assert.deepEqual(
    [0, 19_999, 20_000, 40_000].map((index) => sourceAddress(target, index)),
    [undefined, undefined, '127.0.0.2', '127.0.0.3'],
  );
  assert.equal(sourceAddress({ ...target, host: '10.0.0.1' }, 20_000), undefined);
});
