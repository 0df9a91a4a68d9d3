// A thread of bare-server.ts.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import {
  buildCloseFrame,
  LENGTH_CODES,
  OPCODES,
  opcodeOf,
  payloadBytesOf,
  writeFrameHeader,
} from '../../src/shared/codec/frame.ts';
import { switchingProtocols } from '../../src/workers/adopt/handshake.ts';
import { unmask } from '../../src/workers/read/unmask.ts';
import { Coalescing } from '../../src/workers/shard/coalescing.ts';
import { TcpTransport } from '../../src/workers/write/tcp-transport.ts';
import type { TransportOwner } from '../../src/workers/write/transport.ts';

const ECHO = 0x21; // '!'
/** Of a client's frame with less than 126 bytes of payload, and of a server's. */
const MASKED_HEADER_BYTES = 6;
const HEADER_BYTES = 2;

const sibling = workerData as MessagePort | null;
const readBuffer = Buffer.allocUnsafeSlow(65_536);
const counters = { sentBytes: 0 };
const coalescing = new Coalescing();
const peers = new Set<Peer>();
/** What this turn has for everybody: from here, and from the sibling. */
let news: Buffer[] = [];
let siblingsNews: Uint8Array[] = [];
/** What it has for each by itself. */
let replies: { readonly peer: Peer; readonly bytes: Buffer }[] = [];
let isScheduled = false;

class Peer implements TransportOwner {
  heardIn = 0;
  readonly #transport: TcpTransport;
  #isOpen = false;

  constructor(handle: object) {
    this.#transport = new TcpTransport(handle, readBuffer, counters);
    this.#transport.owner = this;
    this.#transport.resume();
  }

  write(bytes: Buffer): void {
    this.#transport.write(bytes);
  }

  read(chunk: Buffer): void {
    coalescing.heard(this);
    if (!this.#isOpen) this.#open(chunk);
    else if (opcodeOf(chunk) === OPCODES.CLOSE) this.#close();
    else {
      const bytes = answerTo(chunk);
      if (bytes[HEADER_BYTES] === ECHO) replies.push({ peer: this, bytes });
      else news.push(bytes);
    }
    schedule();
  }

  socketEnded(): void {
    this.#transport.end();
  }

  socketClosed(): void {
    peers.delete(this);
  }

  #open(chunk: Buffer): void {
    const [, key = ''] = /\r\nsec-websocket-key: (\S+)/i.exec(chunk.toString('latin1')) ?? [];
    this.#isOpen = true;
    peers.add(this);
    replies.push({ peer: this, bytes: switchingProtocols({ key, protocol: '' }, {}) });
  }

  #close(): void {
    this.write(buildCloseFrame(1000));
    this.#transport.end();
  }
}

/** Unmasks a client's small text frames where they lie, and makes a server's of them. */
function answerTo(chunk: Buffer): Buffer {
  const answer = Buffer.allocUnsafe(chunk.length);
  let length = 0;
  for (let at = 0; at < chunk.length; ) {
    const payloadBytes = payloadBytesOf(chunk, at);
    const start = at + MASKED_HEADER_BYTES;
    const end = start + payloadBytes;
    const isSmallText = opcodeOf(chunk, at) === OPCODES.TEXT && payloadBytes < LENGTH_CODES.UINT16;
    if (!isSmallText || end > chunk.length) throw new Error('this is for whole, small texts');
    unmask(chunk, start, end, chunk.readInt32LE(at + 2));
    length = writeFrameHeader(answer, length, OPCODES.TEXT, payloadBytes);
    length += chunk.copy(answer, length, start, end);
    at = end;
  }
  return answer.subarray(0, length);
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(turn);
}

function turn(): void {
  isScheduled = false;
  const own = Buffer.concat(news);
  // A clone takes all of a buffer's memory with it: that must be nothing but the bytes.
  if (own.length > 0) sibling?.postMessage(new Uint8Array(own));
  const all = Buffer.concat([own, ...siblingsNews]);
  news = [];
  siblingsNews = [];
  if (all.length > 0) for (const peer of peers) peer.write(all);
  const leaving = replies;
  replies = [];
  for (const { peer, bytes } of leaving) peer.write(bytes);
  coalescing.turnEnded(performance.now());
}

sibling?.on('message', (bytes: Uint8Array) => {
  siblingsNews.push(bytes);
  schedule();
});
parentPort?.on('message', ({ handles }: { handles: readonly object[] }) => {
  for (const handle of handles) new Peer(handle);
});
parentPort?.postMessage('ready');
