import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RawClient } from './raw-client.ts';

/** Has an app's own HTTP server listen; resolves with its port. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Closes an app's own HTTP server, and what is connected to it. */
export async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** All that a server says to some bytes, until it ends its side. */
export async function ask(port: number, request: string): Promise<string> {
  await using client = await RawClient.connect(port);
  client.send(request);
  return await client.rest();
}
