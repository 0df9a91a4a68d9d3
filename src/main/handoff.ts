import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { ToShard, Upgrade } from '../shared/control-messages.ts';
import { EngineError, messageOf } from '../shared/errors.ts';

/**
 * Takes the bytes that have come in behind the request. Pause the socket first: what comes later
 * then stays in the kernel, for the shard.
 */
export function takeBuffered(socket: Socket, head: Buffer): Buffer {
  const buffered = socket.read() as Buffer | null;
  return buffered === null ? head : Buffer.concat([head, buffered]);
}

/**
 * Moves a paused socket to the thread behind a port. Node.js (≥ 24.20, ≥ 26.6) moves a socket only
 * if nothing has been read from it, since what it has buffered would be lost; here that has been
 * taken out, so an own `bytesRead` of 0 tells the truth that matters.
 *
 * @throws whatever `postMessage` throws; the socket may be destroyed by then
 */
export function handOff(port: MessagePort, socket: Socket, upgrade: Upgrade): void {
  Object.defineProperty(socket, 'bytesRead', { value: 0 });
  // A kept-alive connection has been answered before; what still has to be sent is checked for.
  Object.defineProperty(socket, 'bytesWritten', { value: 0 });
  const message: ToShard = { type: 'adopt', upgrade, socket };
  port.postMessage(message, [socket as never]);
}

let selfTest: Promise<void> | undefined;

/**
 * Moves a socket that has been read from, once per process, over a loopback connection.
 * @throws EngineError ERR_HANDOFF_UNSUPPORTED where this Node.js cannot
 */
export function checkHandoff(): Promise<void> {
  selfTest ??= tryHandoff().catch((cause: unknown) => {
    const needed = 'fanring needs ^24.20.0 or >=26.6.0';
    const message = `Node.js ${process.version} cannot move a socket to a worker thread (${needed}): `;
    throw new EngineError('ERR_HANDOFF_UNSUPPORTED', message + messageOf(cause), { cause });
  });
  return selfTest;
}

async function tryHandoff(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const server = createServer({ allowHalfOpen: true });
  const sockets: Socket[] = [];
  try {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as { port: number }).port, '127.0.0.1');
    sockets.push(client);
    client.write('a');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    sockets.push(accepted);
    await once(accepted, 'readable');
    accepted.pause();
    takeBuffered(accepted, Buffer.alloc(0));
    handOff(port1, accepted, {} as Upgrade);
    const [{ socket: moved }] = (await once(port2, 'message')) as [{ socket: Socket }];
    sockets.push(moved);
    moved.write('b');
    const [echo] = (await once(client, 'data')) as [Buffer];
    if (echo.toString() !== 'b') throw new Error('the socket that arrived does not send');
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    port1.close();
  }
}
