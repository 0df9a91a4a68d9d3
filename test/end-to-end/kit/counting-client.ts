import { once } from 'node:events';
import type { Socket } from 'node:net';
import { upgradeRequest } from './raw-client.ts';
import { openSocket } from './transport.ts';

const PREFIX = 'iris-websocket-message:chat;0;';

/** The number of the sender, ':', and the number of its message: as many bytes for each message. */
export function numbered(sender: number, message: number): string {
  return `${PREFIX}${sender}:${String(message).padStart(4, '0')}`;
}

const FRAME_BYTES = 2 + numbered(0, 0).length;
const SENDER_AT = 2 + PREFIX.length;

/**
 * A client that only counts what {@link numbered} makes, straight from the bytes: a `ws` client for
 * each of 400 connections would take longer to receive than the servers take to send.
 */
export class CountingClient {
  readonly socket: Socket;
  /** The number of the next message of each sender. */
  readonly counts: number[];
  /** The first thing that was not as it should be. */
  fault: string | undefined;
  #left: Buffer = Buffer.alloc(0);
  #total = 0;
  #awaited: { total: number; resolve: () => void } | undefined;

  private constructor(socket: Socket, senders: number) {
    this.socket = socket;
    this.counts = new Array<number>(senders).fill(0);
  }

  static async open(port: number, path: string, senders: number): Promise<CountingClient> {
    const { socket } = openSocket(port);
    const client = new CountingClient(socket, senders);
    socket.write(upgradeRequest(path));
    const [head] = (await once(socket, 'data')) as [Buffer];
    if (!head.toString().endsWith('\r\n\r\n')) throw new Error(`not a 101 alone: ${head}`);
    socket.on('data', (chunk: Buffer) => client.#read(chunk));
    return client;
  }

  /** Resolves when so many messages have come, from all senders together, or one was wrong. */
  async received(total: number): Promise<void> {
    if (this.#total >= total || this.fault !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited = { total, resolve };
    await promise;
  }

  async close(): Promise<void> {
    const closed = once(this.socket, 'close');
    this.socket.destroy();
    await closed;
  }

  #read(chunk: Buffer): void {
    const bytes = this.#left.length === 0 ? chunk : Buffer.concat([this.#left, chunk]);
    let at = 0;
    for (; at + FRAME_BYTES <= bytes.length; at += FRAME_BYTES) this.#count(bytes, at);
    this.#left = bytes.subarray(at);
    if (this.fault === undefined && this.#total < (this.#awaited?.total ?? Infinity)) return;
    this.#awaited?.resolve();
  }

  #count(bytes: Buffer, at: number): void {
    const sender = digit(bytes, at + SENDER_AT);
    let message = 0;
    for (let i = at + SENDER_AT + 2; i < at + FRAME_BYTES; i++) {
      message = message * 10 + digit(bytes, i);
    }
    const expected = this.counts[sender];
    if (bytes[at] !== 0x81 || bytes[at + 1] !== FRAME_BYTES - 2 || message !== expected) {
      const seen = bytes.toString('latin1', at, at + FRAME_BYTES);
      this.fault ??= `${JSON.stringify(seen)}, not message ${expected} of sender ${sender}`;
      return;
    }
    this.counts[sender] = expected + 1;
    this.#total += 1;
  }
}

function digit(bytes: Buffer, at: number): number {
  return (bytes[at] as number) - 0x30;
}
