// The peer socket.io, over WebSocket only.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Client {
  readonly handshake: { readonly query: Readonly<Record<string, string | undefined>> };
  join(room: string): void;
  on(event: string, listener: (payload: unknown) => void): void;
  emit(event: string, payload: unknown): void;
}

interface SocketIo {
  on(event: 'connection', listener: (client: Client) => void): void;
  to(room: string): { emit(event: string, payload: unknown): void };
}

type SocketIoConstructor = new (server: unknown, options: object) => SocketIo;

// Not in the root's dependencies: the specifier is no literal, so that no tool looks for it there.
const name = 'socket.io';
const { Server }: { readonly Server: SocketIoConstructor } = await import(name);

const MIB = 2 ** 20;
const http = createServer();
const io = new Server(http, {
  transports: ['websocket'],
  serveClient: false,
  maxHttpBufferSize: 16 * MIB,
  connectTimeout: 60_000,
});
io.on('connection', (client) => {
  const { room = 'room1' } = client.handshake.query;
  client.join(room);
  client.on('chat', (payload) => io.to(room).emit('chat', payload));
  client.on('echo', (payload) => client.emit('echo', payload));
});
http.listen({ port: 0, host: '127.0.0.1' }, () => {
  console.log(JSON.stringify({ port: (http.address() as AddressInfo).port, pid: process.pid }));
});
process.once('disconnect', () => process.exit());
