import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MessageAssembly } from '../../../src/workers/read/message-assembly.ts';

const MAX = 2000;

describe('a message assembly', () => {
  test('holds all pieces in order, in at most twice their bytes or 256', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: MAX / 10 }), { maxLength: 10 }), (pieces) => {
        const assembly = new MessageAssembly(true, MAX);
        for (const [i, piece] of pieces.entries()) {
          assembly.append(Buffer.from(piece), 0, piece.length);
          const expect = Buffer.concat(pieces.slice(0, i + 1));
          assert.deepEqual(assembly.bytes, expect);
          assert.equal(assembly.byteLength, expect.length);
          assert.ok(assembly.bytes.buffer.byteLength <= Math.max(2 * expect.length, 256));
        }
      }),
    );
  });

  test('has no storage beyond maxMessageSize when it doubles', () => {
    const assembly = new MessageAssembly(true, MAX);
    assembly.append(Buffer.alloc(MAX - 10), 0, MAX - 10);
    assembly.append(Buffer.alloc(1), 0, 1);
    assert.equal(assembly.bytes.buffer.byteLength, MAX);
    const small = new MessageAssembly(true, 100);
    small.append(Buffer.alloc(1), 0, 1);
    assert.equal(small.bytes.buffer.byteLength, 100);
  });

  test('copies: the source may change afterwards', () => {
    const assembly = new MessageAssembly(true, MAX);
    const source = Buffer.from('[abc]');
    assembly.append(source, 1, 4);
    source.fill(0);
    assert.equal(String(assembly.bytes), 'abc');
  });

  test('grows in steps that double, not with every piece', () => {
    const assembly = new MessageAssembly(false, MAX);
    const storages = new Set<ArrayBufferLike>();
    for (let i = 0; i < MAX; i++) {
      assembly.append(Buffer.from('x'), 0, 1);
      storages.add(assembly.bytes.buffer);
    }
    assert.ok(storages.size <= 4, `${storages.size} storages for ${MAX} pieces`);
  });

  test('knows whether a text ends within a character', () => {
    const assembly = new MessageAssembly(false, MAX);
    assert.equal(assembly.append(Buffer.from('61c3', 'hex'), 0, 2), true);
    assert.equal(assembly.endsWhole, false);
    assert.equal(assembly.append(Buffer.from('a9', 'hex'), 0, 1), true);
    assert.equal(assembly.endsWhole, true);
  });

  test('refuses text that cannot become UTF-8, and takes the same bytes as binary', () => {
    const bytes = Buffer.from('61f490', 'hex');
    assert.equal(new MessageAssembly(false, MAX).append(bytes, 0, 3), false);
    const binary = new MessageAssembly(true, MAX);
    assert.equal(binary.append(bytes, 0, 3), true);
    assert.equal(binary.endsWhole, true);
  });
});
