import { after } from 'node:test';
import { type AnyEvents, Ws, type WsOptions } from '../../src/client/index.ts';
import { FakeWebSocket } from './fake-web-socket.ts';
import type { WireServer } from './wire-server.ts';

const opened: Pick<Ws, 'close'>[] = [];

// What a test that failed has left would keep the process alive, and reconnect for ever.
after(() => {
  for (const ws of opened) ws.close();
  FakeWebSocket.endAll();
});

/** A client that is closed when the tests of the file are over, if not before. */
export function open<Events extends object = AnyEvents>(
  { host }: Pick<WireServer, 'host'>,
  protocols?: string | string[] | null,
  options?: WsOptions,
): Ws<Events> {
  return closeLater(new Ws<Events>(`ws://${host}/chat`, protocols, options));
}

/** Closes a client when the tests of the file are over, if it is not closed before. */
export function closeLater<Client extends Pick<Ws, 'close'>>(ws: Client): Client {
  opened.push(ws);
  return ws;
}

/** A client and the server's end of its first connection; by default it stays its only one. */
export async function connect(server: WireServer, options: WsOptions = {}) {
  const ws = open(server, null, { acks: false, reconnect: false, ...options });
  const peer = await server.accept();
  return { ws, peer };
}

/** The next argument of a listener. */
export function told<Argument>(
  listen: (fn: (argument: Argument) => void) => void,
): Promise<Argument> {
  return new Promise((resolve) => listen(resolve));
}

/** Resolves when the client is connected. */
export async function connected(ws: Pick<Ws, 'state' | 'onConnect'>): Promise<void> {
  if (ws.state === 'connected') return;
  await new Promise<void>((resolve) => ws.onConnect(resolve));
}

/** What a listener has been told, one after the other. */
export class Told<Argument> {
  readonly unread: Argument[] = [];
  #waiting: (() => void) | undefined;

  constructor(listen: (fn: (argument: Argument) => void) => void) {
    listen((argument) => {
      this.unread.push(argument);
      this.#waiting?.();
    });
  }

  /** The next argument, in the order of arrival. */
  async next(): Promise<Argument> {
    while (this.unread.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting = resolve;
      await promise;
    }
    return this.unread.shift() as Argument;
  }
}
