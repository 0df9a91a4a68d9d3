import type { Socket } from 'node:net';
import {
  createSecureContext,
  type SecureContext,
  type TLSSocket,
  Server as TlsServer,
} from 'node:tls';
import type {
  ShardTls,
  TlsArrival,
  TlsCommand,
  TlsEvent,
} from '../../shared/messages/tls-messages.ts';
import { settledWithin } from '../../shared/time/settled-within.ts';
import { movedSocket } from './moved-socket.ts';
import { OverheadWatch } from './tls-overhead.ts';
import { Relay } from './tls-relay.ts';

type Tell = (stream: number, event: TlsEvent) => void;

/** The part of a TLS socket that is used here and is not said to be there: the socket below it. */
interface HasParent {
  readonly _parent: Socket;
}

/**
 * The TLS connections of a shard, from their first byte until they are WebSockets; that they send more
 * than TLS is watched to their end.
 */
export class TlsSockets {
  readonly #tell: Tell;
  /** What ends TLS, by listener. They do not listen: sockets come from the primary. */
  readonly #servers = new Map<number, TlsServer>();
  readonly #relays = new Map<number, Relay>();
  /** By the TCP connection, while the TLS handshake goes on. */
  readonly #shaking = new WeakMap<Socket, Relay>();
  readonly #overhead = new OverheadWatch();
  #emptied: PromiseWithResolvers<void> | undefined;

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** Connections that come from now on speak TLS in this way. */
  setTls(listener: number, tls: ShardTls | undefined): void {
    if (tls === undefined) this.#servers.delete(listener);
    else this.#servers.set(listener, createTlsServer(tls, this.#onTlsSocket));
  }

  /** Begins TLS on sockets that have come. */
  adopt(arrivals: readonly TlsArrival[], handles: readonly object[]): void {
    for (const [at, { stream, listener }] of arrivals.entries()) {
      const raw = movedSocket(handles[at] as object);
      const relay = new Relay(raw, (event) => {
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

  /** Does what the primary asks for; of a connection that is gone it will have been told. */
  carryOut(stream: number, command: TlsCommand): void {
    this.#relays.get(stream)?.carryOut(command);
  }

  /** Lets a connection go that has become a WebSocket. Undefined: it is gone already. */
  release(stream: number): TLSSocket | undefined {
    const socket = this.#relays.get(stream)?.release();
    this.#forget(stream);
    return socket;
  }

  /**
   * Waits for the last answers: the primary ends every connection when it stops a shard. What is
   * left after `timeoutMs` is cut.
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
    const { _parent: raw } = socket as unknown as HasParent;
    if (socket.getProtocol() === 'TLSv1.3') this.#overhead.add(socket, raw);
    this.#shaking.get(raw)?.start(socket);
  };
}

function createTlsServer(
  { server, named }: ShardTls,
  onTlsSocket: (socket: TLSSocket) => void,
): TlsServer {
  const contexts = new Map<string, SecureContext>();
  for (const [name, options] of named) contexts.set(name, createSecureContext(options));
  const SNICallback = (name: string, done: (error: null, context?: SecureContext) => void) =>
    done(null, contextOf(contexts, name.toLowerCase()));
  // Whoever fails in the handshake has been answered with an alert, and closed.
  return new TlsServer({ ...server, SNICallback }, onTlsSocket).on('tlsClientError', ignore);
}

/** Names go before wildcards (RFC 9525 section 6.3); undefined: the listener's own context. */
function contextOf(contexts: ReadonlyMap<string, SecureContext>, name: string) {
  return contexts.get(name) ?? contexts.get(name.replace(/^[^.]+/, '*'));
}

function ignore(): void {}
