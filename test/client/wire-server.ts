import { EventEmitter, on, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket as ServerSocket, WebSocketServer } from 'ws';

/** One client, as a server sees it that knows nothing of events: frames in, frames out. */
export class Peer {
  readonly request: IncomingMessage;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #socket: ServerSocket;
  readonly #messages: AsyncIterator<[Buffer, boolean]>;

  constructor(socket: ServerSocket, request: IncomingMessage) {
    this.request = request;
    this.#socket = socket;
    this.#messages = on(socket, 'message', { close: ['close'] }) as AsyncIterator<
      [Buffer, boolean]
    >;
    this.closed = once(socket, 'close').then(([code, reason]) => ({ code, reason: `${reason}` }));
  }

  /** The next message; undefined: the connection has closed. */
  async next(): Promise<string | Buffer | undefined> {
    const { value, done } = await this.#messages.next();
    if (done) return undefined;
    const [data, isBinary] = value;
    return isBinary ? data : data.toString();
  }

  send(message: string | Uint8Array): void {
    this.#socket.send(message);
  }

  close(code: number, reason = ''): void {
    this.#socket.close(code, reason);
  }

  /** Breaks the connection off, without a word. */
  terminate(): void {
    this.#socket.terminate();
  }
}

/** A WebSocket server, by default on a free port, whose clients the test speaks to frame by frame. */
export class WireServer {
  readonly port: number;
  readonly host: string;
  readonly #server: WebSocketServer;
  readonly #peers: AsyncIterator<[Peer]>;
  readonly #sockets: ServerSocket[] = [];

  private constructor(server: WebSocketServer) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.host = `localhost:${this.port}`;
    const peers = new EventEmitter<{ peer: [Peer] }>();
    this.#peers = on(peers, 'peer') as AsyncIterator<[Peer]>;
    // At once: a peer that is made when a test asks for it would miss what came before.
    server.on('connection', (socket, request) => {
      this.#sockets.push(socket);
      peers.emit('peer', new Peer(socket, request));
    });
  }

  static async start(port = 0): Promise<WireServer> {
    const server = new WebSocketServer({ port, host: 'localhost' });
    await once(server, 'listening');
    return new WireServer(server);
  }

  /** The next client. */
  async accept(): Promise<Peer> {
    const [peer] = (await this.#peers.next()).value;
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // With its end a WebSocket clears a timer of 30 s: fake timers of the next test could not.
    const ended = Array.from(
      this.#sockets,
      (socket) => socket.readyState < 3 && once(socket, 'close'),
    );
    for (const socket of this.#sockets) socket.terminate();
    this.#server.close();
    await Promise.all([once(this.#server, 'close'), ...ended]);
  }
}
