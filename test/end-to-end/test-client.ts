import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';

/** What a client has been sent, in order: strings for text frames, bytes for binary ones. */
export type Received = string | Uint8Array;

/** A WebSocket client whose messages are awaited one by one, so that no test has to sleep. */
export class TestClient implements AsyncDisposable {
  readonly socket: WebSocket;
  readonly #received: Received[] = [];
  #waiting: (() => void) | undefined;

  constructor(url: string, options: ClientOptions = {}, protocols: string[] = []) {
    this.socket = new WebSocket(url, protocols, options);
    this.socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.#received.push(isBinary ? new Uint8Array(data) : data.toString());
      this.#waiting?.();
    });
  }

  static async open(
    address: AddressInfo,
    path: string,
    options: ClientOptions = {},
    protocols: string[] = [],
  ): Promise<TestClient> {
    const client = new TestClient(`ws://127.0.0.1:${address.port}${path}`, options, protocols);
    await once(client.socket, 'open');
    return client;
  }

  /** The next message, in the order of arrival. */
  async next(): Promise<Received> {
    while (this.#received.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting = resolve;
      await promise;
    }
    return this.#received.shift() as Received;
  }

  /** What has arrived and has not been asked for. */
  get unread(): readonly Received[] {
    return this.#received;
  }

  /** Sends an event of the text codec with a string payload. */
  emit(event: string, text: string, prefix = 'iris-websocket-message:'): void {
    this.socket.send(`${prefix}${event};0;${text}`);
  }

  send(data: Received): void {
    this.socket.send(data);
  }

  /** Resolves when the connection has ended. */
  async closed(): Promise<{ code: number; reason: string }> {
    const [code, reason] = (await once(this.socket, 'close')) as [number, Buffer];
    return { code, reason: reason.toString() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.socket, 'close');
    this.socket.close();
    await closed;
  }
}
