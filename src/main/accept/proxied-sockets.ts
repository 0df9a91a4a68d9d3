import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { type ProxiedClient, parseProxyHeader } from './proxy-header.ts';

/**
 * Reads the header of the PROXY protocol from each connection that an HTTP server accepts, before
 * its own listeners get the socket. The socket has the address of the client then. A connection
 * without a header is cut.
 * @param timeoutMs milliseconds for the header
 * @returns a function that cuts the connections whose header has not come
 */
export function readProxyHeaders(server: HttpServer, timeoutMs: number): () => void {
  const serve = server.listeners('connection') as ((socket: Socket) => void)[];
  const waiting = new Set<Socket>();
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    waiting.add(socket);
    socket.once('close', () => waiting.delete(socket));
    readHeader(socket, timeoutMs, (client) => {
      waiting.delete(socket);
      if (client !== undefined) name(socket, client);
      for (const listener of serve) listener.call(server, socket);
    });
  });
  return () => {
    for (const socket of waiting) socket.destroy();
  };
}

function readHeader(
  socket: Socket,
  timeoutMs: number,
  onHeader: (client: ProxiedClient | undefined) => void,
): void {
  let bytes = Buffer.alloc(0);
  const deadline = setTimeout(() => socket.destroy(), timeoutMs);
  const onReadable = () => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    bytes = Buffer.concat([bytes, chunk]);
    const header = parseProxyHeader(bytes);
    if (header === 'incomplete') return;
    clearTimeout(deadline);
    socket.off('readable', onReadable).off('error', ignore).off('end', cut);
    if (header === 'malformed') {
      socket.destroy();
      return;
    }
    const rest = bytes.subarray(header.length);
    if (rest.length > 0) socket.unshift(rest);
    onHeader(header.client);
  };
  const cut = () => socket.destroy();
  socket.once('close', () => clearTimeout(deadline));
  socket.on('error', ignore).on('end', cut).on('readable', onReadable);
}

/** Gives a socket the address of a client. */
function name(socket: Socket, client: ProxiedClient): void {
  for (const [property, value] of Object.entries(client)) {
    Object.defineProperty(socket, property, { value, configurable: true });
  }
}

function ignore(): void {}
