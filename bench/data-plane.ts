// What one message costs in each step of the data plane, on one thread: see README.md.
import { availableParallelism, cpus } from 'node:os';
import { Bench, type TaskResultCompleted } from 'tinybench';
import type { Codec } from '../src/shared/codec.ts';
import { createCodecs } from '../src/shared/codecs.ts';
import { buildFrame } from '../src/shared/frame.ts';
import { allocateRing } from '../src/shared/ring-buffer.ts';
import { RingReader } from '../src/shared/ring-reader.ts';
import { RingWriter } from '../src/shared/ring-writer.ts';
import { DEFAULT_EVENT_PREFIX } from '../src/shared/text-codec.ts';
import { FrameReader, type FrameSink } from '../src/workers/frame-reader.ts';

const OPERATIONS = 1000; // in one sample, so that the clock's own cost does not count
const WARM_UP_MS = 200;
const MEASURED_MS = 500;
const PAYLOAD = 'x'.repeat(64);
const RING_BYTES = 2 ** 16;
const RING_BATCH = 100;

/** Where results go, so that no compiler may leave out the work. */
let sink: unknown;

const bench = new Bench({ warmupTime: WARM_UP_MS, time: MEASURED_MS, throws: true });

function add(name: string, operation: () => unknown, operations = OPERATIONS): void {
  bench.add(name, () => {
    for (let i = 0; i < operations; i++) sink = operation();
  });
}

function addCodec(codec: Codec): void {
  const encoded = codec.encode('chat', PAYLOAD);
  // With its frame, since an encoded string is not put together before somebody reads it.
  add(`${codec.name} codec: encode and frame`, () => buildFrame(codec.encode('chat', PAYLOAD)));
  add(`${codec.name} codec: decode`, () => codec.decode(encoded));
}

function addFrameReader(): void {
  // A mask of zeros leaves the chunk as it is, so that it can be read again.
  const chunk = Buffer.concat([Buffer.of(0x81, 0x80 | PAYLOAD.length), Buffer.alloc(4)]);
  const frame = Buffer.concat([chunk, Buffer.from(PAYLOAD)]);
  const ignore = () => {};
  const frames: FrameSink = {
    onMessage: (data) => {
      sink = data;
    },
    onPing: ignore,
    onPong: ignore,
    onClose: ignore,
    onViolation: (error) => {
      throw error;
    },
  };
  const reader = new FrameReader({ maxMessageSize: 1024, maxFragments: 1024 }, frames);
  add('frame reader: read one frame', () => reader.read(frame));
}

function addRing(): void {
  const memory = allocateRing(RING_BYTES);
  const writer = new RingWriter(memory);
  const reader = new RingReader(memory, () => {});
  const record = Buffer.from(PAYLOAD);
  const take = (_bytes: Buffer, start: number) => {
    sink = start;
  };
  const batch = () => {
    for (let i = 0; i < RING_BATCH; i++) {
      if (!writer.tryWrite(record, 0, record.length, 0)) throw new Error('the ring is full');
    }
    return reader.read(take);
  };
  add(`ring: write and read, by ${RING_BATCH}`, batch, OPERATIONS / RING_BATCH);
}

add('control: nothing', () => sink);
add('control: JSON.stringify', () => JSON.stringify(['chat', PAYLOAD]));
add('control: Buffer.from', () => Buffer.from(PAYLOAD));
const codecOptions = { eventPrefix: DEFAULT_EVENT_PREFIX, maxEventNameBytes: 256 };
for (const codec of createCodecs({ ...codecOptions, codec: 'negotiate' })) addCodec(codec);
add('frame: build', () => buildFrame(PAYLOAD));
addFrameReader();
addRing();

await bench.run();

const nanoseconds = (ms: number) => Math.round((ms * 1e7) / OPERATIONS) / 10;
console.log(
  `Node.js ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model.trim()}), ` +
    `payload of ${PAYLOAD.length} B, warm-up ${WARM_UP_MS} ms, ns per operation`,
);
console.table(
  bench.table((task) => {
    const { p50, p99 } = (task.result as TaskResultCompleted).latency;
    return { step: task.name, p50: nanoseconds(p50), p99: nanoseconds(p99) };
  }),
);
