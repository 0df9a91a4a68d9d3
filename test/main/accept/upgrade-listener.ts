import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import { BareSocket } from '../../../src/main/accept/bare-socket.ts';
import { BareUpgrades } from '../../../src/main/accept/bare-upgrades.ts';
import { type FindEndpoint, takeUpgrades } from '../../../src/main/accept/http-upgrades.ts';
import type { UpgradeRequest } from '../../../src/main/admit/handshake-check.ts';
import { closeServer, listen } from '../../end-to-end/kit/http-server.ts';

/** Bytes of headers that the HTTP server takes. */
export const MAX_HEADER_BYTES = 2_000;
/** Milliseconds that nothing waits for in a test. */
export const WAIT = 10_000;

/** What comes of a connection's first bytes. */
export interface Outcome {
  /** Who had it: the reader, or the HTTP server. */
  readonly by: 'reader' | 'server';
  /** What there is of the request, or what the HTTP server said of it. */
  readonly what: unknown;
}

/** An HTTP server that takes upgrades for /v, with a reader ahead of it or without one. */
export class UpgradeListener {
  readonly server: HttpServer;
  reader: BareUpgrades | undefined;
  readonly taken: BareSocket[] = [];
  readonly clients: Socket[] = [];
  #tell: (outcome: Outcome) => void = () => {};

  constructor() {
    this.server = createServer({ maxHeaderSize: MAX_HEADER_BYTES });
    takeUpgrades(this.server, this.find, WAIT);
    this.server.on('request', ({ method, url, rawHeaders }, response) => {
      response.end();
      this.#tell({ by: 'server', what: { method, url, rawHeaders } });
    });
    this.server.on('clientError', ({ code }: Error & { code: string }, socket) => {
      socket.destroy();
      this.#tell({ by: 'server', what: code });
    });
  }

  static async open(
    t: TestContext,
    isRead = true,
    handshakeTimeout = WAIT,
  ): Promise<UpgradeListener> {
    const listener = new UpgradeListener();
    const options = { maxHeaderBytes: MAX_HEADER_BYTES, handshakeTimeout };
    if (isRead) listener.reader = new BareUpgrades(listener.server, listener.find, options);
    await listen(listener.server);
    t.after(async () => {
      for (const socket of [...listener.taken, ...listener.clients]) socket.destroy();
      await listener.reader?.close();
      await closeServer(listener.server);
    });
    return listener;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  connect(): Socket {
    const client = connect(this.port, '127.0.0.1').on('error', () => {}); // it may be reset
    this.clients.push(client);
    return client;
  }

  /** What comes of these bytes, each piece of which is read by itself. */
  async send(...pieces: (string | Buffer)[]): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#tell = resolve;
    const [first = '', ...rest] = pieces;
    const client = this.connect();
    client.setNoDelay(true);
    client.on('data', (answer) => resolve({ by: 'server', what: String(answer) }));
    client.write(first);
    // The HTTP server has it then, since it is not all of an upgrade.
    if (rest.length > 0) await once(this.server, 'connection');
    for (const piece of rest) client.write(piece);
    return await promise;
  }

  readonly find: FindEndpoint = (path) => {
    if (path !== '/v') return undefined;
    return (request, socket, head) => this.#take(request, socket, head);
  };

  #take(request: UpgradeRequest, socket: Duplex | BareSocket, head: Buffer | undefined): void {
    const { method, url, httpVersion, headers, rawHeaders } = request;
    const what = { method, url, httpVersion, headers, rawHeaders, head: String(head ?? '') };
    const isBare = socket instanceof BareSocket;
    assert.equal(request.socket.remoteAddress, '127.0.0.1');
    if (isBare) this.taken.push(socket);
    else socket.destroy();
    this.#tell({ by: isBare ? 'reader' : 'server', what });
  }
}
