import type { Socket } from 'node:net';
import type { ServerWebSocket } from './web-socket.ts';

const WEB_SOCKET = Symbol('web socket');

/** A socket that says what happens to it to the {@link ServerWebSocket} around it. */
interface OwnedSocket extends Socket {
  [WEB_SOCKET]: ServerWebSocket;
}

/** Lets a web socket know what happens to its socket, but for what comes in. */
export function own(socket: Socket, webSocket: ServerWebSocket): void {
  (socket as OwnedSocket)[WEB_SOCKET] = webSocket;
  socket.on('error', ignore); // 'close' follows, and tells what is to be told
  socket.on('end', onEnd);
  socket.on('close', onClose);
}

/** Takes what a socket has read into a buffer that is not its own: the callback of `onread`. */
export function onRead(this: unknown, bytes: number, buffer: Uint8Array): boolean {
  (this as OwnedSocket)[WEB_SOCKET].read((buffer as Buffer).subarray(0, bytes));
  return true;
}

/** Takes what a socket has read: a listener of 'data'. */
export function onData(this: unknown, chunk: Buffer): void {
  (this as OwnedSocket)[WEB_SOCKET].read(chunk);
}

function onEnd(this: OwnedSocket): void {
  this[WEB_SOCKET].socketEnded();
}

function onClose(this: OwnedSocket): void {
  this[WEB_SOCKET].socketClosed();
}

function ignore(): void {}
