import { strict as assert } from 'node:assert';
import { type TestContext, test } from 'node:test';
import type { ServerOptions } from '../../src/main/index.ts';
import { addServer, SETUPS, withEngine } from '../end-to-end/kit/test-engine.ts';
import { cut } from '../workers/read/recording-sink.ts';
import { close } from './client-frames.ts';
import { COMPRESSED_CASES } from './compressed-cases.ts';
import { Conversation, type Pieces } from './conversation.ts';
import { CASE_LIMITS, type FrameCase } from './frame-case.ts';
import { CASES_OF_ANY_CONNECTION, FRAME_CASES } from './frame-cases.ts';
import { readServerFrames, type Said } from './server-frames.ts';

const ECHO = new URL('./echo.ts', import.meta.url);
/** Conversations at a time. */
const concurrency = 32;
/** So long that whoever waits for one of these fails. */
const PATIENT = { closeTimeout: 60_000, pongTimeout: 600_000 };

/** How the same cases are run: one entry for each dimension that must make no difference. */
interface Variant {
  readonly title: string;
  readonly options: ServerOptions;
  /** Headers of the client's opening handshake. */
  readonly headers: Record<string, string>;
  readonly pieces: Pieces;
  readonly cases: readonly FrameCase[];
}

const plain = { options: {}, headers: {}, cases: FRAME_CASES };
const compressed = {
  options: { compression: { threshold: 0 } },
  headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
  cases: [...CASES_OF_ANY_CONNECTION, ...COMPRESSED_CASES],
};

const byteByByte: Pieces = (bytes) => cut(bytes, [bytes.length > 400 ? 997 : 1]);

const VARIANTS: readonly Variant[] = [
  { ...plain, title: 'in one piece', pieces: (bytes) => [bytes] },
  { ...plain, title: 'byte by byte', pieces: byteByByte },
  { ...compressed, title: 'compressed', pieces: (bytes) => [bytes] },
  {
    ...compressed,
    title: 'compressed, byte by byte',
    cases: COMPRESSED_CASES,
    pieces: byteByByte,
  },
  {
    ...plain,
    title: 'read in small pieces',
    options: { readBufferSize: 64 },
    pieces: (bytes) => [bytes],
  },
];

/** What an echo server has to say to a case; behind one that does not end it the client closes. */
function answersTo({ expect }: FrameCase): Said {
  const said: Said = { messages: [], pongs: [], close: 1000 };
  for (const outcome of expect) {
    const [kind, code] = outcome.split(' ');
    if (kind === 'text' || kind === 'binary') said.messages.push(outcome);
    else if (kind === 'ping') said.pongs.push(outcome.slice('ping '.length));
    else if (kind !== 'pong') said.close = Number(code);
  }
  return said;
}

async function runCase(port: number, path: string, frameCase: FrameCase, variant: Variant) {
  const conversation = await Conversation.open(port, path, variant.headers);
  const ends = frameCase.expect.some((outcome) => /^(close|violation) /.test(outcome));
  for (const piece of variant.pieces(frameCase.sends)) conversation.send(piece);
  if (!ends) conversation.send(close(1000));
  const said = readServerFrames(await conversation.rest(), 'compression' in variant.options);
  assert.deepEqual(said, answersTo(frameCase));
}

async function runCases(t: TestContext, port: number, path: string, variant: Variant) {
  await t.test(variant.title, { concurrency }, async (group) => {
    const runs = variant.cases.map((frameCase) =>
      group.test(frameCase.title, () => runCase(port, path, frameCase, variant)),
    );
    await Promise.all(runs);
  });
}

for (const { place, shards } of SETUPS) {
  test(`a server keeps RFC 6455, and closes at once: ${place}, ${shards} shards`, async (t) => {
    await withEngine({ shards }, async ({ engine, port }) => {
      // Without threads it is the same code: once is enough.
      for (const [i, variant] of VARIANTS.slice(0, shards === 0 ? 1 : undefined).entries()) {
        const options = { endpoint: `/${i}`, ...CASE_LIMITS, ...PATIENT, ...variant.options };
        await addServer(engine, place, ECHO, options);
        await runCases(t, port, `/${i}`, variant);
      }
    });
  });
}
