// What it costs to encode and to decode an event, per codec and payload: see README.md.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Bench, type Task } from 'tinybench';
import type { Message } from '../src/shared/codec/codec.ts';
import { createCodecs } from '../src/shared/codec/codecs.ts';
import { buildFrame } from '../src/shared/codec/frame.ts';
import { DEFAULT_EVENT_PREFIX } from '../src/shared/codec/text-codec.ts';
import { machine } from './report/machine.ts';

const RESULTS = new URL('results/codecs.md', import.meta.url);
const SAMPLE_BYTES = 2 ** 18; // about so much in one sample, so that the clock's own cost does not count
const WARM_UP_MS = 200;
const MEASURED_MS = 600;
const EVENT = 'chat';

/** One way to carry an event; both ways go by the bytes of a frame, as in a shard. */
interface Row {
  readonly codec: string;
  encode(payload: unknown): Message;
  decode(bytes: Buffer, isText: boolean): unknown;
}

const codecOptions = { eventPrefix: DEFAULT_EVENT_PREFIX, maxEventNameBytes: 256 } as const;
const rows: Row[] = createCodecs({ ...codecOptions, codec: 'negotiate' }).map((codec) => ({
  codec: codec.name,
  encode: (payload) => codec.encode(EVENT, payload),
  decode: (bytes, isText) => codec.decode(isText ? bytes.toString('utf8') : bytes),
}));

/** What an app would do without a codec: an array in JSON, bytes in Base64. */
const control: Row = {
  codec: 'JSON (control)',
  encode: (payload) => {
    const isBytes = payload instanceof Uint8Array;
    return JSON.stringify([EVENT, isBytes ? (payload as Buffer).toString('base64') : payload]);
  },
  decode: (bytes) => {
    const [event, payload] = JSON.parse(bytes.toString('utf8'));
    return [event, typeof payload === 'string' ? Buffer.from(payload, 'base64') : payload];
  },
};

const payloads: Record<string, unknown> = {
  'small event': { from: 'ann', text: 'hello there' },
  '1 KB object': {
    id: 123_456,
    open: true,
    total: 1234.5,
    name: 'An order of some size',
    note: 'n'.repeat(200),
    tags: ['new', 'gift', 'express', 'fragile'],
    lines: Array.from({ length: 17 }, (_, i) => ({
      sku: `A-${1000 + i}`,
      count: i,
      price: i * 1.25,
    })),
  },
  '64 KB bytes': randomBytes(2 ** 16),
};

/** Where results go, so that no compiler may leave out the work. */
let sink: unknown;

const bench = new Bench({ warmupTime: WARM_UP_MS, time: MEASURED_MS, throws: true });

function add(name: string, operations: number, operation: () => unknown): () => string {
  bench.add(name, () => {
    for (let i = 0; i < operations; i++) sink = operation();
  });
  const task = bench.tasks.at(-1) as Task;
  return () => {
    const { result } = task;
    if (!('latency' in result)) throw new Error(`${name} has no result`);
    const { p50, p99 } = result.latency;
    return [p50, p99].map((ms) => ((ms * 1000) / operations).toFixed(2)).join(' | ');
  };
}

const lines = Object.entries(payloads).flatMap(([name, payload]) =>
  [control, ...rows].map(({ codec, encode, decode }) => {
    const message = encode(payload);
    const bytes = Buffer.from(message as string);
    const operations = Math.max(1, Math.round(SAMPLE_BYTES / (bytes.length + 256)));
    const isText = typeof message === 'string';
    const encoded = add(`${name}, ${codec}, encode`, operations, () => buildFrame(encode(payload)));
    const decoded = add(`${name}, ${codec}, decode`, operations, () => decode(bytes, isText));
    return () => `| ${name} | ${codec} | ${bytes.length} | ${encoded()} | ${decoded()} |`;
  }),
);

await bench.run();

const { version } = JSON.parse(
  readFileSync(new URL('../node_modules/msgpackr/package.json', import.meta.url), 'utf8'),
);
const report = `# Codecs: what an event costs

Node.js ${process.version}, msgpackr ${version}; ${machine()}; ${new Date().toISOString().slice(0, 10)}.
Made by \`npm run bench:codecs -- --write\`; how it is measured is said in [../README.md](../README.md).

µs of wall-clock time per operation, on one thread; bytes are those of the message, without its frame.

| payload | codec | bytes | encode p50 | encode p99 | decode p50 | decode p99 |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
${lines.map((line) => line()).join('\n')}
`;
console.log(report);
if (sink === undefined) throw new Error('nothing has been measured');
const { values } = parseArgs({ options: { write: { type: 'boolean' } } });
if (values.write) writeFileSync(RESULTS, report);
