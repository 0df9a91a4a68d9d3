import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { FrameReader } from '../../../src/workers/read/frame-reader.ts';
import {
  binary,
  close,
  firstBinary,
  firstText,
  hex,
  last,
  ping,
  text,
} from '../../conformance/client-frames.ts';
import { CASE_LIMITS } from '../../conformance/frame-case.ts';
import { FRAME_CASES } from '../../conformance/frame-cases.ts';
import { cut, outcomesOf, RecordingSink, readChunk } from './recording-sink.ts';
import { referenceOutcomes } from './reference-reader.ts';

const LIMITS = { maxMessageSize: 1024, maxFragments: 8 };

function setUp(limits = LIMITS): { sink: RecordingSink; reader: FrameReader } {
  const sink = new RecordingSink();
  return { sink, reader: new FrameReader(limits, sink) };
}

describe('a frame reader, however the bytes are cut into chunks,', () => {
  for (const { title, sends, expect } of FRAME_CASES) {
    test(title, () => {
      assert.deepEqual(outcomesOf(CASE_LIMITS, [sends]), expect, 'whole');
      assert.deepEqual(outcomesOf(CASE_LIMITS, cut(sends, [1])), expect, 'byte by byte');
      assert.deepEqual(outcomesOf(CASE_LIMITS, cut(sends, [4096])), expect, 'in chunks of 4 KiB');
      for (let at = 1; at < Math.min(sends.length, 300); at++) {
        const chunks = [sends.subarray(0, at), sends.subarray(at)];
        assert.deepEqual(outcomesOf(CASE_LIMITS, chunks), expect, `split at ${at}`);
      }
    });
  }

  test('agrees with the reference reader on every case', () => {
    for (const { title, sends, expect } of FRAME_CASES) {
      assert.deepEqual(referenceOutcomes(CASE_LIMITS, sends), expect, title);
    }
  });
});

describe('a violation', () => {
  const codeOf = (bytes: Buffer): string | undefined => {
    const { sink, reader } = setUp();
    reader.read(bytes);
    return sink.violations[0]?.code;
  };

  test('is ERR_MESSAGE_SIZE for a message over maxMessageSize', () => {
    assert.equal(codeOf(text('x'.repeat(1025))), 'ERR_MESSAGE_SIZE');
  });

  test('is ERR_PROTOCOL for anything else', () => {
    assert.equal(codeOf(hex('83')), 'ERR_PROTOCOL');
    assert.equal(codeOf(text(hex('ff'))), 'ERR_PROTOCOL');
  });

  test('names the limit, what was seen and what is allowed', () => {
    const { sink, reader } = setUp();
    readChunk(reader, firstText('x'.repeat(1000)));
    readChunk(reader, last('x'.repeat(25)));
    assert.match(String(sink.violations[0]?.message), /1025.*maxMessageSize.*1024/);
  });
});

describe('a stopped reader', () => {
  test('makes no further calls, even for frames in the same chunk', () => {
    const { sink, reader } = setUp();
    sink.onCall = () => reader.stop();
    readChunk(reader, Buffer.concat([text('a'), text('b')]));
    readChunk(reader, text('c'));
    assert.deepEqual(sink.outcomes, ['text a']);
  });

  test('makes no further calls in the middle of a message', () => {
    const { sink, reader } = setUp();
    readChunk(reader, firstText('a'));
    reader.stop();
    readChunk(reader, last('b'));
    assert.deepEqual(sink.outcomes, []);
  });

  test('forgets what it has kept while paused', () => {
    const { sink, reader } = setUp();
    reader.pause();
    readChunk(reader, text('a'));
    reader.stop();
    reader.resume();
    readChunk(reader, text('b'));
    assert.deepEqual(sink.outcomes, []);
  });

  test('cannot be paused: it keeps nothing', () => {
    const { sink, reader } = setUp();
    readChunk(reader, close(1000));
    reader.pause();
    readChunk(reader, text('a'));
    reader.resume();
    assert.deepEqual(sink.outcomes, ['close 1000 ']);
  });

  test('is what a sink that throws leaves behind', () => {
    const { sink, reader } = setUp();
    sink.onCall = () => {
      throw new Error('from the sink');
    };
    const chunk = Buffer.concat([text('a'), text('b')]);
    assert.throws(() => readChunk(reader, chunk), /from the sink/);
    readChunk(reader, text('c'));
    assert.deepEqual(sink.outcomes, ['text a']);
  });
});

describe('a paused reader', () => {
  test('holds the frames left in the chunk until it is resumed', () => {
    const { sink, reader } = setUp();
    sink.onCall = () => reader.pause();
    readChunk(reader, Buffer.concat([text('a'), text('b'), text('c')]));
    assert.deepEqual(sink.outcomes, ['text a']);
    reader.resume();
    assert.deepEqual(sink.outcomes, ['text a', 'text b']);
    reader.resume();
    assert.deepEqual(sink.outcomes, ['text a', 'text b', 'text c']);
  });

  test('keeps what is read meanwhile, in order, behind what was left', () => {
    const { sink, reader } = setUp();
    sink.onCall = () => reader.pause();
    const bytes = Buffer.concat([text('a'), firstText('b'), ping(''), last('c'), text('d')]);
    for (const chunk of cut(bytes, [5])) readChunk(reader, chunk);
    assert.deepEqual(sink.outcomes, ['text a']);
    sink.onCall = () => {};
    reader.resume();
    assert.deepEqual(sink.outcomes, ['text a', 'ping ', 'text bc', 'text d']);
  });

  test('goes on within a message that was paused in its middle', () => {
    const { sink, reader } = setUp();
    const bytes = text('across');
    readChunk(reader, bytes.subarray(0, 8));
    reader.pause();
    readChunk(reader, bytes.subarray(8));
    assert.deepEqual(sink.outcomes, []);
    reader.resume();
    assert.deepEqual(sink.outcomes, ['text across']);
  });

  test('goes on at once, in order, if a call of the sink pauses and resumes it', () => {
    const { sink, reader } = setUp();
    sink.onCall = () => {
      reader.pause();
      reader.resume();
    };
    readChunk(reader, Buffer.concat([text('a'), text('b')]));
    reader.pause();
    readChunk(reader, Buffer.concat([text('c'), text('d')]));
    reader.resume();
    assert.deepEqual(sink.outcomes, ['text a', 'text b', 'text c', 'text d']);
  });

  test('reports a violation only when it is resumed', () => {
    const { sink, reader } = setUp();
    reader.pause();
    readChunk(reader, hex('83'));
    assert.deepEqual(sink.outcomes, []);
    reader.resume();
    assert.deepEqual(sink.outcomes, ['violation 1002']);
  });
});

describe('what a reader hands out and keeps', () => {
  test('is the chunk itself, unmasked in place, for a message that lies whole in it', () => {
    const frames = Buffer.concat([text('first'), text('second')]);
    const chunk = Buffer.alloc(frames.length, frames); // not from the pool, which is one buffer too
    const seen: Buffer[] = [];
    const { sink } = setUp();
    sink.onMessage = (data) => seen.push(data);
    new FrameReader(LIMITS, sink).read(chunk);
    assert.deepEqual(seen.map(String), ['first', 'second']);
    for (const data of seen) assert.equal(data.buffer, chunk.buffer);
  });

  test('is no more memory than has arrived, whatever the headers claim', () => {
    const limits = { maxMessageSize: 2 ** 40, maxFragments: 1 };
    const claim = hex('82 ff 0000 0080 0000 0000 00000000 61'); // 512 GiB, of which 1 byte is sent
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 64 }, () => setUp(limits).reader);
    for (const reader of readers) readChunk(reader, claim);
    assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20);
    assert.equal(readers.length, 64);
  });

  test('is nothing once it is stopped, even if it was paused', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage: () => void = runInNewContext('gc');
    const before = process.memoryUsage().arrayBuffers;
    const readers = [binary, firstBinary].map((build) => {
      const { reader } = setUp({ maxMessageSize: 2 ** 25, maxFragments: 2 });
      readChunk(reader, build(Buffer.alloc(2 ** 24)).subarray(0, -1));
      reader.pause();
      readChunk(reader, Buffer.alloc(2 ** 24));
      reader.stop();
      readChunk(reader, Buffer.alloc(2 ** 24));
      return reader;
    });
    while (process.memoryUsage().arrayBuffers - before > 2 ** 22) {
      collectGarbage();
      await setImmediate();
    }
    assert.equal(readers.length, 2);
  });
});
