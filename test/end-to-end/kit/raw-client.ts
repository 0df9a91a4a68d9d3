import { once } from 'node:events';
import type { Socket } from 'node:net';
import { openSocket } from './transport.ts';

/** A frame of the server. */
export interface RawFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='; // RFC 6455 section 1.3

/** The opening handshake, as text; a header of the value '' is left out. */
export function upgradeRequest(path: string, headers: Record<string, string> = {}): string {
  const all: Record<string, string> = {
    Host: 'example.com',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': KEY,
    ...headers,
  };
  const lines = Object.entries(all)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** A TCP connection whose bytes are sent and read as they are. */
export class RawClient implements AsyncDisposable {
  readonly socket: Socket;
  readonly #closed: Promise<void>;
  #received: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => {}); // 'close' follows
    this.#closed = new Promise((resolve) => {
      socket.on('close', () => resolve());
    });
  }

  static async connect(port: number): Promise<RawClient> {
    const { socket, opens } = openSocket(port);
    const client = new RawClient(socket);
    await once(socket, opens);
    return client;
  }

  /** A client on a connection of the caller's. */
  static on(socket: Socket): RawClient {
    return new RawClient(socket);
  }

  /** Connects, and has the handshake behind it. */
  static async open(port: number, path: string, headers: Record<string, string> = {}) {
    const client = await RawClient.connect(port);
    await client.upgrade(path, headers);
    return client;
  }

  /** Sends the opening handshake; resolves with the 101. */
  async upgrade(path: string, headers: Record<string, string> = {}): Promise<string> {
    this.send(upgradeRequest(path, headers));
    const head = await this.head();
    if (!head.startsWith('HTTP/1.1 101 ')) throw new Error(head);
    return head;
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next head of an HTTP answer, with the empty line that ends it. */
  async head(): Promise<string> {
    const end = await this.#until(() => this.#received.indexOf('\r\n\r\n') + 4, 4);
    return this.#take(end).toString('latin1');
  }

  /** The next HTTP answer to the end of its body, whose length it must say. */
  async answer(): Promise<{ head: string; body: string }> {
    const head = await this.head();
    const [, bytes] = /^content-length: (\d+)\r$/im.exec(head) ?? [];
    if (bytes === undefined) throw new Error(`no Content-Length in ${head}`);
    const end = await this.#until(() => this.#received.length, Number(bytes));
    return { head, body: this.#take(Math.min(end, Number(bytes))).toString('latin1') };
  }

  /** The next frame. */
  async frame(): Promise<RawFrame> {
    await this.#until(() => this.#received.length, 2);
    const [first = 0, code = 0] = this.#received;
    const start = code < 126 ? 2 : code === 126 ? 4 : 10;
    await this.#until(() => this.#received.length, start);
    let length = code;
    if (code === 126) length = this.#received.readUInt16BE(2);
    if (code === 127) length = Number(this.#received.readBigUInt64BE(2));
    await this.#until(() => this.#received.length, start + length);
    return { opcode: first & 0x0f, payload: this.#take(start + length).subarray(start) };
  }

  /** The next message, as text. */
  async message(): Promise<string> {
    return (await this.frame()).payload.toString();
  }

  /** The code and reason of the close frame that comes next; 1005: it had none. */
  async closeFrame(): Promise<{ code: number; reason: string }> {
    const { opcode, payload } = await this.frame();
    if (opcode !== 8) throw new Error(`a frame of opcode ${opcode}, not a close frame`);
    if (payload.length === 0) return { code: 1005, reason: '' };
    return { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) };
  }

  /** What comes until the server ends its side. */
  async rest(): Promise<string> {
    while (await this.#more());
    return this.#take(this.#received.length).toString('latin1');
  }

  /** Resolves when the connection is gone on both sides. */
  closed(): Promise<void> {
    this.socket.resume();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.#closed;
  }

  async #until(progress: () => number, needed: number): Promise<number> {
    while (progress() < needed) {
      if (!(await this.#more()))
        throw new Error(`ended after '${this.#received.toString('latin1', 0, 200)}'`);
    }
    return progress();
  }

  /** False at the end of what the server sends. Reads nothing while nobody asks. */
  async #more(): Promise<boolean> {
    while (true) {
      const chunk = this.socket.read() as Buffer | null;
      if (chunk !== null) {
        this.#received = Buffer.concat([this.#received, chunk]);
        return true;
      }
      if (this.socket.readableEnded || this.socket.destroyed) return false;
      const { promise, resolve } = Promise.withResolvers<void>();
      const events = ['readable', 'end', 'close'];
      const done = () => resolve();
      for (const event of events) this.socket.once(event, done);
      await promise;
      for (const event of events) this.socket.off(event, done);
    }
  }

  #take(bytes: number): Buffer {
    const taken = this.#received.subarray(0, bytes);
    this.#received = this.#received.subarray(bytes);
    return taken;
  }
}
