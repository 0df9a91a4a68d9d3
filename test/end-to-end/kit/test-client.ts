import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';
import { clientOptions, webSocketScheme } from './transport.ts';

/** What a client has been sent, in order: strings for text frames, bytes for binary ones. */
export type Received = string | Uint8Array;

/** How a connection ended, as its client sees it. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A WebSocket client whose messages are awaited one by one, so that no test has to sleep. */
export class TestClient implements AsyncDisposable {
  readonly socket: WebSocket;
  readonly #received: Received[] = [];
  readonly #closed: Promise<Closed>;
  #waiting: (() => void) | undefined;

  constructor(url: string, options: ClientOptions = {}, protocols: string[] = []) {
    this.socket = new WebSocket(url, protocols, { ...clientOptions(), ...options });
    this.socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.#received.push(isBinary ? new Uint8Array(data) : data.toString());
      this.#waiting?.();
    });
    this.socket.on('error', () => {}); // 'close' follows
    this.#closed = new Promise((resolve) => {
      this.socket.on('close', (code: number, reason: Buffer) => {
        resolve({ code, reason: reason.toString() });
        this.#waiting?.();
      });
    });
  }

  static async open(
    { port }: { readonly port: number },
    path: string,
    options: ClientOptions = {},
    protocols: string[] = [],
  ): Promise<TestClient> {
    const client = new TestClient(
      `${webSocketScheme()}://127.0.0.1:${port}${path}`,
      options,
      protocols,
    );
    await once(client.socket, 'open');
    return client;
  }

  /** The next message, in the order of arrival. */
  async next(): Promise<Received> {
    while (this.#received.length === 0) {
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('closed, and no message');
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
  closed(): Promise<Closed> {
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    await this.#closed;
  }
}
