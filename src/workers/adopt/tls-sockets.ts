import type { Socket } from 'node:net';
import {
  createSecureContext,
  type SecureContext,
  type TLSSocket,
  Server as TlsServer,
} from 'node:tls';
import type { ShardTls, TlsArrival } from '../../shared/messages/tls-messages.ts';
import type { RelayCommand, RelayEvent } from '../../shared/relay/relay-messages.ts';
import { settledWithin } from '../../shared/time/settled-within.ts';
import { movedSocket } from './moved-socket.ts';
import { OverheadWatch } from './tls-overhead.ts';
import { TlsRelay } from './tls-relay.ts';

type Tell = (stream: number, event: RelayEvent) => void;

/**
 * The TLS connections of a shard, from their first byte until they are WebSockets. A watch sees to
 * it that they send more than TLS until they end. One that renegotiates is cut.
 */
export class TlsSockets {
  readonly #tell: Tell;
  /** The servers that end TLS, by listener. They do not listen: sockets come from the primary. */
  readonly #servers = new Map<number, TlsServer>();
  readonly #relays = new Map<number, TlsRelay>();
  /** By the TCP connection, while the TLS handshake goes on. */
  readonly #shaking = new WeakMap<Socket, TlsRelay>();
  readonly #overhead = new OverheadWatch();
  #emptied: PromiseWithResolvers<void> | undefined;

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** Sets the TLS of connections that come from now on. */
  setTls(listener: number, tls: ShardTls | undefined): void {
    if (tls === undefined) this.#servers.delete(listener);
    else this.#servers.set(listener, createTlsServer(tls, this.#onTlsSocket));
  }

  /** Begins TLS on sockets that have come. */
  adopt(arrivals: readonly TlsArrival[], handles: readonly object[]): void {
    for (const [at, { stream, listener, head }] of arrivals.entries()) {
      const raw = movedSocket(handles[at] as object);
      raw.allowHalfOpen = false; // nor is TLS: a client that ends in the handshake has gone
      if (head !== undefined) raw.unshift(head);
      const relay = new TlsRelay(raw, (event) => {
        if (event.is === 'closed') this.#forget(stream);
        this.#tell(stream, event);
      });
      this.#relays.set(stream, relay);
      this.#shaking.set(raw, relay);
      const server = this.#servers.get(listener);
      if (server === undefined) raw.destroy();
      else server.emit('connection', raw);
    }
  }

  /** Carries out a command of the primary; it will have been told of a connection that is gone. */
  carryOut(stream: number, command: RelayCommand): void {
    this.#relays.get(stream)?.carryOut(command);
  }

  /** Lets a connection go that has become a WebSocket. @returns undefined if it is gone already */
  release(stream: number): TLSSocket | undefined {
    const socket = this.#relays.get(stream)?.release();
    this.#forget(stream);
    return socket;
  }

  /**
   * Waits for the last answers: the primary ends every connection when it stops a shard.
   * Connections that are left after `timeoutMs` are cut.
   */
  async close(timeoutMs: number): Promise<void> {
    if (this.#relays.size === 0) return;
    this.#emptied = Promise.withResolvers();
    for (const relay of this.#relays.values()) relay.hurry();
    await settledWithin(this.#emptied.promise, timeoutMs);
    for (const relay of this.#relays.values()) relay.terminate();
  }

  #forget(stream: number): void {
    this.#relays.delete(stream);
    if (this.#relays.size === 0) this.#emptied?.resolve();
  }

  readonly #onTlsSocket = (socket: TLSSocket): void => {
    // The socket below it, which @types/node lacks.
    const { _parent: raw } = socket as unknown as { readonly _parent: Socket };
    raw.allowHalfOpen = socket.allowHalfOpen = true; // as in `movedSocket`
    if (socket.getProtocol() === 'TLSv1.3') this.#overhead.add(socket, raw);
    else {
      // A client of TLS 1.2 may ask for new handshakes, each of which costs much.
      socket.disableRenegotiation();
      socket.once('error', () => raw.destroy()); // which would leave it open
    }
    this.#shaking.get(raw)?.start(socket);
  };
}

function createTlsServer(
  { server, named }: ShardTls,
  onTlsSocket: (socket: TLSSocket) => void,
): TlsServer {
  const contexts = new Map<string, SecureContext>();
  for (const [name, options] of named) contexts.set(name, createSecureContext(options));
  const SNICallback = (given: string, done: (error: null, context?: SecureContext) => void) => {
    const name = given.toLowerCase();
    // Names go before wildcards (RFC 9525 section 6.3); undefined is the listener's own context.
    done(null, contexts.get(name) ?? contexts.get(name.replace(/^[^.]+/, '*')));
  };
  // A client that fails in the handshake has been answered with an alert, and closed.
  return new TlsServer({ ...server, SNICallback }, onTlsSocket).on('tlsClientError', () => {});
}
