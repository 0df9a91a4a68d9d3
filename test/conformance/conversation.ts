import type { Socket } from 'node:net';
import { upgradeRequest } from '../end-to-end/kit/raw-client.ts';
import { openSocket } from '../end-to-end/kit/transport.ts';

/** A server that says nothing for so long has failed the case. */
const SILENCE_MS = 10_000;

/** How a case's bytes leave the client. */
export type Pieces = (bytes: Buffer) => Iterable<Buffer>;

/**
 * One TCP connection, from the opening handshake until the server ends it; a reset is an error. The
 * client's side stays open until then, so that the end is the server's own.
 */
export class Conversation {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #receivedBytes = 0;
  readonly #ended = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #wake: (() => void) | undefined;

  private constructor(port: number) {
    this.#socket = openSocket(port).socket;
    this.#socket.setNoDelay(true);
    this.#socket.setTimeout(SILENCE_MS, () => {
      this.#socket.destroy(new Error(`the server has said nothing for ${SILENCE_MS} ms`));
    });
    this.#socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#receivedBytes += chunk.length;
      this.#wake?.();
    });
    this.#socket.on('end', () => this.#ended.resolve());
    this.#socket.on('error', (error) => this.#ended.reject(error));
    this.#socket.on('close', () => this.#closed.resolve());
  }

  /** Has the opening handshake behind it. */
  static async open(port: number, path: string, headers: Record<string, string> = {}) {
    const conversation = new Conversation(port);
    conversation.send(Buffer.from(upgradeRequest(path, headers)));
    await conversation.#handshake();
    return conversation;
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Ends the client's side. */
  end(): void {
    this.#socket.end();
  }

  /** Resolves with the next bytes of the server: as many as asked for. */
  async next(bytes: number): Promise<Buffer> {
    while (this.#receivedBytes < bytes) await this.#more();
    const received = Buffer.concat(this.#chunks.splice(0));
    this.#receivedBytes -= bytes;
    this.#chunks.unshift(received.subarray(bytes));
    return received.subarray(0, bytes);
  }

  /** All that the server says until it ends the TCP connection. */
  async rest(): Promise<Buffer> {
    await this.#ended.promise;
    this.#socket.end();
    await this.#closed.promise;
    return Buffer.concat(this.#chunks);
  }

  async #handshake(): Promise<void> {
    let head = await this.next(1);
    while (!head.includes('\r\n\r\n')) head = Buffer.concat([head, await this.next(1)]);
    const status = head.toString('latin1', 0, 12);
    if (status !== 'HTTP/1.1 101') throw new Error(head.toString('latin1'));
  }

  async #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const ended = this.#ended.promise.then(() => {
      throw new Error('the server has ended the connection');
    });
    await Promise.race([promise, ended]);
  }
}
