import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { TcpTransport } from '../../../src/workers/write/tcp-transport.ts';
import { RecordingOwner } from './recording-owner.ts';

const [MAJOR = 0, MINOR = 0] = process.versions.node.split('.').map(Number);

test('handles are used by themselves from Node.js 26.10 on', () => {
  assert.equal(TcpTransport.isPossible, MAJOR > 26 || (MAJOR === 26 && MINOR >= 10));
});

/** What a thread of these flags says of the class, and what it prints beside. */
function seenWith(flags: readonly string[]) {
  const module = new URL('../../../src/workers/write/tcp-transport.ts', import.meta.url);
  const script = `import { TcpTransport } from '${module}';
    console.log(TcpTransport.isPossible, process.noDeprecation ?? false);`;
  const all = [...flags, '--input-type=module', '--eval', script];
  const { stdout, stderr } = spawnSync(process.execPath, all, { encoding: 'utf8' });
  return [stdout.trim(), stderr];
}

test('under the permission model a stream has to do', () => {
  assert.equal(seenWith(['--permission', '--allow-fs-read=*'])[0], 'false false');
});

test('where deprecated things are reported or thrown, it is none of them', () => {
  const seen = seenWith(['--pending-deprecation', '--throw-deprecation']);
  assert.deepEqual(seen, [`${TcpTransport.isPossible} false`, '']);
});

/** A transport over a handle of the test's own, and the names of what was asked of that. */
function transportOf(handle: Record<string, unknown>) {
  const calls: string[] = [];
  const own: Record<string, unknown> = { useUserBuffer: () => {}, close: () => {}, ...handle };
  for (const name of ['readStart', 'readStop', 'writeBuffer', 'shutdown', 'close']) {
    const does = own[name] as ((...args: unknown[]) => unknown) | undefined;
    own[name] = (...args: unknown[]) => {
      calls.push(name);
      return does === undefined ? 0 : does(...args);
    };
  }
  const transport = new TcpTransport(own, Buffer.alloc(1), { sentBytes: 0 });
  const owner = new RecordingOwner();
  transport.owner = owner;
  return { transport, owner, calls };
}

for (const [what, does] of [
  ['takes no more', { writeBuffer: () => -32 /* EPIPE */ }],
  ['has failed at once', { writeBuffer: () => ({ writeStatus: -104 /* ECONNRESET */ }) }],
] as const) {
  test(`a handle that ${what} ends all`, () => {
    const { transport, calls } = transportOf(does);
    for (let i = 0; i < 2; i++) transport.write(Buffer.from('a'));
    assert.deepEqual([transport.isDestroyed, calls], [true, ['writeBuffer', 'close']]);
    transport.destroy();
    assert.equal(calls.length, 2, 'it is closed once');
  });
}

test('a handle that cannot read, or end its side, ends all', () => {
  for (const [step, does] of [
    ['resume', { readStart: () => -107 /* ENOTCONN */ }],
    ['end', { shutdown: () => -107 }],
  ] as const) {
    const { transport, calls } = transportOf(does);
    transport[step]();
    assert.equal(calls.at(-1), 'close', step);
  }
});

test('an end that fails later ends all, one that is done at once does not', () => {
  let request: { oncomplete?: (status: number) => void } = {};
  const { transport, calls } = transportOf({
    shutdown: (given: typeof request) => {
      request = given;
      return 1;
    },
  });
  transport.end();
  request.oncomplete?.(0);
  assert.deepEqual(calls, ['shutdown']);
  request.oncomplete?.(-107);
  assert.deepEqual(calls, ['shutdown', 'close']);
});

test('an error of a read ends all, a read of nothing is none', () => {
  const { transport, owner, calls } = transportOf({});
  transport.resume();
  transport.hasRead(0);
  assert.deepEqual([calls, owner.log], [['readStart'], []]);
  transport.hasRead(-104);
  assert.deepEqual([calls, owner.log], [['readStart', 'close'], []]);
});

test('nothing is read behind the end of the peer', () => {
  const { transport, owner, calls } = transportOf({});
  transport.resume();
  transport.hasRead(-4095);
  transport.resume();
  assert.deepEqual([calls, owner.log], [['readStart'], ['ended']]);
});

test('nothing is asked of a handle that is being closed, and nothing told of it', () => {
  const request: { writeStatus: null; oncomplete?: (status: number) => void } = {
    writeStatus: null,
  };
  const { transport, owner, calls } = transportOf({ writeBuffer: () => request });
  transport.resume();
  transport.write(Buffer.from('waits'));
  transport.pause();
  transport.destroy();
  assert.equal(transport.waitingBytes, 0);
  transport.write(Buffer.from('late'));
  transport.end();
  transport.resume();
  transport.hasRead(1);
  request.oncomplete?.(0);
  assert.deepEqual([calls, owner.log], [['readStart', 'writeBuffer', 'readStop', 'close'], []]);
});

test('what waits behind a write that fails is not written, nor told of as gone', () => {
  const request: { writeStatus: null; oncomplete?: (status: number) => void } = {
    writeStatus: null,
  };
  let result: unknown = request;
  const { transport, calls } = transportOf({ writeBuffer: () => result });
  for (let i = 0; i < 4; i++) transport.write(Buffer.alloc(20_000)); // each a write of its own
  transport.whenDrained(() => assert.fail('it never will'));
  result = -32;
  request.oncomplete?.(0);
  assert.deepEqual(calls, ['writeBuffer', 'writeBuffer', 'close']);
});

test('a write that has ended before it returned does not wait', () => {
  const { transport } = transportOf({ writeBuffer: () => ({ writeStatus: 0 }) });
  transport.write(Buffer.from('a'));
  assert.deepEqual([transport.waitingBytes, transport.sentBytes], [0, 1]);
  assert.equal(transport.isDestroyed, false);
});

test('what is being written is kept alive', () => {
  const request: { writeStatus: null; buffer?: Buffer } = { writeStatus: null };
  const { transport } = transportOf({ writeBuffer: () => request });
  const bytes = Buffer.from('waits');
  transport.write(bytes);
  assert.equal(request.buffer, bytes);
});

test('what waits goes write by write, the small ones together', () => {
  const sizes: number[] = [];
  const requests: { writeStatus: null; oncomplete?: (status: number) => void }[] = [];
  const { transport, calls } = transportOf({
    writeBuffer: (_: null, bytes: Buffer) => {
      sizes.push(bytes.length);
      requests.push({ writeStatus: null });
      return requests.at(-1);
    },
  });
  const all = [100, 100, 100, 20_000, 100, 16_384, 10_000, 10_000, 1];
  for (const size of all) transport.write(Buffer.alloc(size));
  let drained = 0;
  transport.whenDrained(() => {
    drained += 1;
  });
  const waited: number[] = [];
  while (transport.waitingBytes > 0) {
    waited.push(transport.waitingBytes);
    requests.shift()?.oncomplete?.(0);
    assert.equal(drained, transport.waitingBytes === 0 ? 1 : 0);
  }
  assert.deepEqual(sizes, [100, 200, 20_000, 100, 16_384, 10_000, 10_001]);
  assert.deepEqual(waited, [56_785, 56_685, 56_485, 36_485, 36_385, 20_001, 10_001]);
  transport.write(Buffer.alloc(1));
  requests.shift()?.oncomplete?.(-32);
  assert.equal(calls.at(-1), 'close', 'a write that fails');
});
