import type { WebSocketLike } from '../../src/client/index.ts';

/** A WebSocket whose other end is the test, for what real ones do only at an unlucky moment. */
export class FakeWebSocket implements WebSocketLike {
  static last: FakeWebSocket;
  static readonly #all: FakeWebSocket[] = [];
  binaryType = 'blob';
  readyState = 0;
  protocol = '';
  onopen: ((event: never) => unknown) | null = null;
  onmessage: ((event: never) => unknown) | null = null;
  onclose: ((event: never) => unknown) | null = null;
  onerror: ((event: never) => unknown) | null = null;
  bufferedAmount = 0;
  readonly sent: unknown[] = [];
  /** After so many messages it is full, and closes itself (WebSockets Standard, `send`). */
  capacity = Number.POSITIVE_INFINITY;

  constructor() {
    FakeWebSocket.last = this;
    FakeWebSocket.#all.push(this);
  }

  /** Ends all that there have been: a client waits five seconds for who does not answer its close. */
  static endAll(): void {
    for (const socket of FakeWebSocket.#all) socket.end(1006);
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.({} as never);
  }

  receive(data: string): void {
    this.onmessage?.({ data } as never);
  }

  /** The other end closes; the close event comes when the test says so. */
  beginClosing(): void {
    this.readyState = 2;
  }

  end(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code, reason: '' } as never);
  }

  send(message: string): void {
    if (this.readyState !== 1) return;
    this.sent.push(message);
    if (this.sent.length === this.capacity) this.beginClosing();
  }

  close(): void {
    this.beginClosing();
  }
}
