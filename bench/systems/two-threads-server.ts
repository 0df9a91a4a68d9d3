// Control row: what two threads cost that do nothing but read and write. Connections are accepted and
// moved as fanring does it, read and written as it does, with its pauses. But there is no HTTP, no check,
// no handler, no room and no object for a connection: a small frame goes back, or to everybody.
import { type AddressInfo, createServer } from 'node:net';
import {
  isMainThread,
  MessageChannel,
  type MessagePort,
  parentPort,
  Worker,
  workerData,
} from 'node:worker_threads';
import { BareSocket } from '../../src/main/bare-socket.ts';
import { Handoff, HandoffSchedule, type Leaving } from '../../src/main/handoff.ts';
import type { AcceptedHandle } from '../../src/main/upgrade-parser.ts';
import { OPCODE_BITS, OPCODES, payloadBytesOf, writeFrameHeader } from '../../src/shared/frame.ts';
import { Coalescing } from '../../src/workers/coalescing.ts';
import { switchingProtocols } from '../../src/workers/handshake.ts';
import { TcpTransport } from '../../src/workers/tcp-transport.ts';
import type { TransportOwner } from '../../src/workers/transport.ts';
import { unmask } from '../../src/workers/unmask.ts';

const ECHO = 0x21; // '!'
const SMALL = 125; // bytes of payload: a client's header has 6 then
const HEADER_BYTES = 6;

function accept(): void {
  const schedule = new HandoffSchedule();
  const { port1, port2 } = new MessageChannel();
  const handoffs = [port1, port2].map((sibling) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: sibling,
      transferList: [sibling],
    });
    return new Handoff<Leaving>(schedule, worker as unknown as MessagePort, (_, handles) => ({
      type: 'adopt',
      upgrades: [],
      handles,
    }));
  });
  let accepted = 0;
  const server = createServer();
  server.listen(0, '127.0.0.1', 511, () => {
    const { _handle: listening } = server as unknown as { _handle: { onconnection: unknown } };
    listening.onconnection = (_status: number, handle: AcceptedHandle) => {
      handle.setNoDelay(true);
      const socket = new BareSocket(handle, () => {});
      handoffs[accepted++ % 2]?.add({ socket, onFailed: () => {} });
    };
    const { port } = server.address() as AddressInfo;
    console.log(JSON.stringify({ port, pid: process.pid }));
  });
  process.once('disconnect', () => process.exit());
}

const readBuffer = Buffer.allocUnsafeSlow(65_536);
const counters = { sentBytes: 0 };
const coalescing = new Coalescing();
const peers = new Set<Peer>();
/** What this turn has for everybody. */
let news: Buffer[] = [];
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
    if (!this.#isOpen) this.#open(chunk);
    else if (((chunk[0] as number) & OPCODE_BITS) === OPCODES.CLOSE) this.#close();
    else {
      coalescing.heard(this);
      const bytes = answerTo(chunk);
      if (chunk[HEADER_BYTES] === ECHO) replies.push({ peer: this, bytes });
      else news.push(bytes);
      schedule();
    }
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
    this.write(switchingProtocols({ key, protocol: '' }, {}));
  }

  #close(): void {
    this.write(Buffer.of(0x88, 0x02, 0x03, 0xe8)); // 1000
    this.#transport.end();
  }
}

/** Unmasks a client's small text frames where they lie, and makes a server's of them. */
function answerTo(chunk: Buffer): Buffer {
  const answer = Buffer.allocUnsafe(chunk.length);
  let length = 0;
  for (let at = 0; at < chunk.length; ) {
    const payloadBytes = payloadBytesOf(chunk, at);
    const start = at + HEADER_BYTES;
    const end = start + payloadBytes;
    if (payloadBytes > SMALL || end > chunk.length) throw new Error('no whole, small frame');
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
  const leaving = replies;
  replies = [];
  for (const { peer, bytes } of leaving) peer.write(bytes);
  if (news.length > 0) {
    const bytes = Buffer.concat(news);
    news = [];
    (workerData as MessagePort).postMessage(new Uint8Array(bytes));
    tellAll(bytes);
  }
  coalescing.turnEnded(performance.now());
}

function tellAll(bytes: Buffer): void {
  for (const peer of peers) peer.write(bytes);
}

function work(): void {
  parentPort?.on('message', ({ handles }: { handles: readonly object[] }) => {
    for (const handle of handles) new Peer(handle);
  });
  (workerData as MessagePort).on('message', (bytes: Uint8Array) => {
    tellAll(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  });
}

if (isMainThread) accept();
else work();
