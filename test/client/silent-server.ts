import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'; // RFC 6455 section 1.3

/** A server that takes TCP connections, if told to upgrades them, and then says nothing. */
export class SilentServer {
  readonly host: string;
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  private constructor(server: Server, upgrades: boolean) {
    this.#server = server;
    this.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (socket) => {
      this.#sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (data) => {
        const key = /^Sec-WebSocket-Key: (.*)\r$/im.exec(`${data}`)?.[1];
        if (!upgrades || key === undefined) return;
        const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
            `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
        );
      });
    });
  }

  static async start({ upgrades }: { upgrades: boolean }): Promise<SilentServer> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SilentServer(server, upgrades);
  }

  /** Resolves when the first client has gone. */
  async gone(): Promise<void> {
    const [socket] = this.#sockets;
    if (socket === undefined) throw new Error('there was no client');
    // Half-open as it is, it closes by itself only where the client has broken it off.
    if (!socket.readableEnded && !socket.closed)
      await Promise.race([once(socket, 'end'), once(socket, 'close')]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
