import { randomBytes } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ShardTls } from '../../shared/messages/tls-messages.ts';
import type { RelayEvent } from '../../shared/relay/relay-messages.ts';
import type { ShardGroup } from '../shards/shard-group.ts';
import type { ShardHost } from '../shards/shard-host.ts';
import type { PlainTurns } from './plain-turns.ts';
import { resolveTls, type TlsOptions } from './tls-options.ts';
import { TlsStream } from './tls-stream.ts';

/** An option of `net.Server` that HTTP servers do not pass on. */
interface PausingServer {
  pauseOnConnect: boolean;
}

/**
 * The ports that speak TLS. Each has an HTTP server of its own, which listens by itself. But the
 * sockets that it accepts go to a shard before a byte has been read. In their place the HTTP server
 * gets streams of the bytes that the shard has decrypted.
 */
export class TlsListeners {
  readonly #group: ShardGroup;
  readonly #handshakeTimeout: number;
  readonly #tls = new Map<HttpServer, { readonly listener: number; readonly tls: ShardTls }>();
  readonly #streams = new Map<number, TlsStream>();
  #lastListener = 0;
  #lastStream = 0;

  /** @param handshakeTimeout milliseconds */
  constructor(group: ShardGroup, handshakeTimeout: number) {
    this.#group = group;
    this.#handshakeTimeout = handshakeTimeout;
  }

  /**
   * Puts TLS before an HTTP server that does not listen yet.
   * @param turns says when there is time to parse decrypted bytes
   * @throws EngineError ERR_OPTION
   */
  add(server: HttpServer, options: TlsOptions, turns: PlainTurns): void {
    const listener = this.use(server, options);
    // The HTTP server's own listeners: Node.js says that they take any stream.
    const serve = server.listeners('connection') as ((stream: Duplex) => void)[];
    server.removeAllListeners('connection');
    (server as HttpServer & PausingServer).pauseOnConnect = true; // before a byte is read
    server.on('connection', (socket) => {
      void this.#accept(listener, socket, turns, (stream) => {
        for (const listen of serve) listen.call(server, stream);
      });
    });
  }

  /** Whether an HTTP server has TLS before it. */
  has(server: HttpServer): boolean {
    return this.#tls.has(server);
  }

  /**
   * Sets key, certificate and all else for connections that are accepted from now on.
   * @returns the number of the listener
   * @throws EngineError ERR_OPTION
   */
  use(server: HttpServer, options: TlsOptions): number {
    const listener = this.#tls.get(server)?.listener ?? ++this.#lastListener;
    const tls = resolveTls(options, {
      handshakeTimeout: this.#handshakeTimeout,
      ticketKeys: randomBytes(48), // new ones: no session of another certificate is resumed
      sessionIdContext: `fanring-${listener}`,
    });
    this.#tls.set(server, { listener, tls });
    this.#group.post({ type: 'set-tls', listener, tls });
    return listener;
  }

  /** The HTTP server does not listen any more. */
  remove(server: HttpServer): void {
    const entry = this.#tls.get(server);
    if (entry === undefined) return;
    this.#tls.delete(server);
    this.#group.post({ type: 'set-tls', listener: entry.listener, tls: undefined });
  }

  /** A shard has come up. */
  addTo(host: ShardHost): void {
    for (const { listener, tls } of this.#tls.values()) {
      host.post({ type: 'set-tls', listener, tls });
    }
  }

  /** Takes an event of a connection from its shard. */
  receive(stream: number, event: RelayEvent): void {
    this.#streams.get(stream)?.receive(event);
  }

  /** A shard has died, and its connections with it. */
  shardDied(host: ShardHost): void {
    for (const stream of [...this.#streams.values()]) if (stream.host === host) stream.destroy();
  }

  async #accept(
    listener: number,
    socket: Socket,
    turns: PlainTurns,
    serve: (stream: Duplex) => void,
  ): Promise<void> {
    socket.on('error', () => {}); // the client may go at any time: no one is left to tell
    await this.#group.running();
    const host = this.#group.place();
    const { remoteAddress, remotePort, remoteFamily } = socket;
    if (host === undefined || remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const number = ++this.#lastStream;
    const client = { remoteAddress, remotePort, remoteFamily };
    const stream = new TlsStream(host, number, client, turns);
    this.#streams.set(number, stream);
    host.streams += 1;
    stream.once('close', () => {
      this.#streams.delete(number);
      host.streams -= 1;
    });
    const onFailed = () => void stream.destroy();
    host.tlsHandoff.add({ socket, arrival: { stream: number, listener }, onFailed });
    serve(stream);
  }
}
