import { once } from 'node:events';
import { connect, createServer, Socket } from 'node:net';
import { MessageChannel } from 'node:worker_threads';
import { EngineError, messageOf } from '../../shared/api/errors.ts';
import type { Upgrade } from '../../shared/messages/control-messages.ts';
import { move, packUpgrades } from './handoff.ts';

const NEEDED = 'fanring needs ^24.20.0 or >=26.6.0';
/** The oldest version that can load the rest of the library. */
const OLDEST_MAJOR = 24;

let selfTest: Promise<void> | undefined;

/**
 * Moves a socket that has been read from, once per process, over a loopback connection.
 * @throws EngineError ERR_HANDOFF_UNSUPPORTED where this Node.js cannot
 */
export function checkHandoff(): Promise<void> {
  selfTest ??= tryHandoff().catch((cause: unknown) => {
    const message = `${unsupported(process.version)}: ${messageOf(cause)}`;
    throw new EngineError('ERR_HANDOFF_UNSUPPORTED', message, { cause });
  });
  return selfTest;
}

/**
 * Checks the version of Node.js, before an old one fails elsewhere with another error.
 * @throws EngineError ERR_HANDOFF_UNSUPPORTED
 */
export function assertNodeVersion(version: string): void {
  if (Number.parseInt(version.slice(1), 10) >= OLDEST_MAJOR) return;
  throw new EngineError('ERR_HANDOFF_UNSUPPORTED', unsupported(version));
}

function unsupported(version: string): string {
  return `Node.js ${version} cannot move a socket to a worker thread (${NEEDED})`;
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
    const upgrade = {} as Upgrade;
    move(port1, [{ socket: accepted, upgrade, onFailed: () => {} }], packUpgrades, 1);
    const [{ handles }] = (await once(port2, 'message')) as [{ handles: [object] }];
    const moved = new Socket({ handle: handles[0] } as ConstructorParameters<typeof Socket>[0]);
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
