import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { addServer, SETUPS, withEngine } from '../end-to-end/kit/test-engine.ts';
import { cut } from '../workers/read/recording-sink.ts';
import { close, frame } from './client-frames.ts';
import { Conversation } from './conversation.ts';

const ECHO = new URL('./echo.ts', import.meta.url);
const KIB = 2 ** 10;
const MIB = 2 ** 20;
const TEXT = 1;
const BINARY = 2;

interface LargeCase {
  readonly title: string;
  readonly opcode: number;
  readonly bytes: number;
  /** Bytes of each fragment; default: one frame. */
  readonly fragment?: number;
  /** Bytes of each write of the client; default: one write. */
  readonly chop?: number;
}

const LARGE_CASES: readonly LargeCase[] = [TEXT, BINARY].flatMap((opcode) => {
  const kind = opcode === TEXT ? 'text' : 'binary message';
  return [
    ...[64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB].map((bytes) => ({
      ...{ title: `a ${kind} of ${bytes / KIB} KiB`, opcode, bytes },
    })),
    ...[64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB].map((fragment) => ({
      ...{ title: `a ${kind} of 4 MiB in fragments of ${fragment} B`, opcode, bytes: 4 * MIB },
      fragment,
    })),
    ...[64, 128, 256, 512, KIB, 2 * KIB].map((chop) => ({
      ...{ title: `a ${kind} of 1 MiB in writes of ${chop} B`, opcode, bytes: MIB, chop },
    })),
  ];
});

/** Text whose characters of several bytes lie across every edge. */
const CHARACTERS = Buffer.from('aé€😀κ'.repeat(MIB + MIB / 2));

function payloadOf({ opcode, bytes }: LargeCase): Buffer {
  if (opcode === BINARY) return CHARACTERS.subarray(1, bytes + 1);
  // Cut between characters, and filled up.
  let end = bytes;
  while (((CHARACTERS[end] as number) & 0xc0) === 0x80) end--;
  return Buffer.concat([CHARACTERS.subarray(0, end), Buffer.alloc(bytes - end, 'x')]);
}

function framesOf({ opcode, fragment = Infinity }: LargeCase, payload: Buffer): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at < payload.length; at += fragment) {
    const part = payload.subarray(at, at + fragment);
    const fin = at + fragment >= payload.length ? 0x80 : 0;
    frames.push(frame(fin | (at === 0 ? opcode : 0), part));
  }
  return Buffer.concat(frames);
}

for (const { place, shards } of SETUPS.filter((setup) => setup.shards > 0)) {
  test(`large messages come back whole: ${place}, ${shards} shards`, async (t) => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addServer(engine, place, ECHO, { endpoint: '/large', maxMessageSize: 16 * MIB });
      for (const largeCase of LARGE_CASES) {
        await t.test(largeCase.title, async () => {
          const payload = payloadOf(largeCase);
          const conversation = await Conversation.open(port, '/large');
          const bytes = framesOf(largeCase, payload);
          for (const piece of cut(bytes, [largeCase.chop ?? bytes.length])) {
            conversation.send(piece);
          }
          const header = Buffer.alloc(10);
          header.writeUInt16BE((0x80 | largeCase.opcode) * 256 + 127);
          header.writeBigUInt64BE(BigInt(payload.length), 2);
          assert.deepEqual(await conversation.next(10), header);
          assert.ok((await conversation.next(payload.length)).equals(payload));
          conversation.send(close(1000));
          assert.deepEqual(await conversation.rest(), Buffer.of(0x88, 2, 1000 >> 8, 1000 & 0xff));
        });
      }
    });
  });
}
