import { Server as HttpServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { EngineError } from '../../shared/api/errors.ts';
import type { PlainConnectionStats } from '../../shared/api/stats.ts';
import type { ResolvedEngineOptions } from '../../shared/options/engine-options.ts';
import { optionError } from '../../shared/options/option-rules.ts';
import type { ResolvedServerOptions } from '../../shared/options/server-options.ts';
import type { BareSocket } from './bare-socket.ts';
import { BareUpgrades } from './bare-upgrades.ts';
import { type FindEndpoint, takeUpgrades } from './http-upgrades.ts';
import {
  checkPlace,
  createListener,
  type ListenOptions,
  listen,
  requestListener,
  resolveListenOptions,
} from './listener.ts';
import { OpenRequests } from './open-requests.ts';
import { PlainLimits } from './plain-limits.ts';
import { PlainTurns } from './plain-turns.ts';
import { readProxyHeaders } from './proxied-sockets.ts';
import type { TlsListeners } from './tls-listeners.ts';
import type { TlsOptions } from './tls-options.ts';

/** Everything that the engine gives to its listeners. */
export interface ListenersContext {
  readonly options: ResolvedEngineOptions;
  readonly tlsListeners: TlsListeners;
  readonly findEndpoint: FindEndpoint;
  /** Returns the options of the server at an endpoint. */
  serverAt(endpoint: string): ResolvedServerOptions | undefined;
  report(error: unknown): void;
}

/** The HTTP servers that upgrades come from: the engine's own, and those of the app. */
export class Listeners {
  readonly #context: ListenersContext;
  readonly #limits: PlainLimits;
  readonly #turns = new PlainTurns();
  /** Each server with the function that ends taking its upgrades. */
  readonly #sources = new Map<HttpServer, () => void>();
  /** The engine's own servers. */
  readonly #own = new Map<HttpServer, OwnListener>();

  constructor(context: ListenersContext) {
    this.#context = context;
    this.#limits = new PlainLimits(context.options);
  }

  /** Makes an HTTP server that is to listen. @throws EngineError ERR_OPTION */
  create(place: number | string, options: ListenOptions): PendingListener {
    const { options: engine, tlsListeners, serverAt, report } = this.#context;
    const { host, request, tls, proxyProtocol, keepAliveTimeout } = resolveListenOptions(options);
    checkPlace(place, { host, tls });
    const server = createListener(engine, keepAliveTimeout);
    if (tls !== undefined) tlsListeners.add(server, tls, this.#turns);
    return {
      server,
      place,
      host,
      answer: requestListener(engine, serverAt, request, report),
      cutUnnamed: proxyProtocol ? readProxyHeaders(server, engine.handshakeTimeout) : undefined,
    };
  }

  /** Listens, and resolves with the address. @throws errors of `listen` of Node.js */
  open({
    server,
    place,
    host,
    answer,
    cutUnnamed,
  }: PendingListener): Promise<AddressInfo | string> {
    const { options, findEndpoint, tlsListeners } = this.#context;
    const listening = listen(server, place, host);
    // Never a bare one: those have sent nothing but their upgrade.
    const find = announcing(findEndpoint, (socket) => requests.leave(socket as Duplex));
    this.#sources.set(server, takeUpgrades(server, find, options.handshakeTimeout));
    const requests = new OpenRequests(server, { limits: this.#limits, turns: this.#turns, answer });
    this.#own.set(server, {
      listening,
      requests,
      cutUnnamed,
      // Of a TLS port the primary sees decrypted bytes alone.
      reader:
        tlsListeners.has(server) || cutUnnamed !== undefined || typeof place === 'string'
          ? undefined
          : new BareUpgrades(server, findEndpoint, options),
    });
    return listening;
  }

  /** Forgets a server that does not come to listen. */
  abandon({ server }: PendingListener): void {
    this.#context.tlsListeners.remove(server);
    this.#sources.delete(server);
    this.#own.delete(server);
  }

  /**
   * Takes upgrades from an app's server.
   * @returns a function that takes that back; a no-op where they had been taken before
   * @throws EngineError ERR_OPTION
   */
  attach(server: HttpServer): () => void {
    if (!(server instanceof HttpServer)) throw optionError('attach', server, ATTACHABLE);
    if (this.#sources.has(server)) return () => {};
    const { options, findEndpoint } = this.#context;
    const release = takeUpgrades(server, findEndpoint, options.handshakeTimeout);
    this.#sources.set(server, release);
    return () => {
      if (this.#sources.delete(server)) release();
    };
  }

  /** The connections of its own servers that have sent plain requests. */
  get plain(): PlainConnectionStats {
    return this.#limits.stats;
  }

  /** Whether upgrades come from anywhere. */
  get hasSources(): boolean {
    return this.#sources.size > 0;
  }

  /** Replaces the TLS options of the port. @throws EngineError ERR_OPTION */
  setTls(port: number, tls: TlsOptions): void {
    const { tlsListeners } = this.#context;
    const servers = [...this.#own.keys()].filter((server) => {
      const address = server.address() as AddressInfo | null;
      return tlsListeners.has(server) && address?.port === port;
    });
    if (servers.length === 0) {
      throw new EngineError('ERR_OPTION', `port: the engine does not speak TLS on ${port}`);
    }
    for (const server of servers) tlsListeners.use(server, tls);
  }

  /** Takes no further upgrades, and stops listening; cuts open requests after `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    for (const release of this.#sources.values()) release();
    this.#sources.clear(); // what another engine takes there by now is not released with it
    const closed = [...this.#own].map(
      async ([server, { listening, requests, reader, cutUnnamed }]) => {
        await listening.catch(() => {}); // the caller of `listen` is told
        cutUnnamed?.();
        if (server.listening) await Promise.all([requests.close(timeoutMs), reader?.close()]);
      },
    );
    await Promise.all(closed);
  }
}

/** Returns `find`, with a call of `onTaken` ahead of each upgrade that is taken. */
function announcing(
  find: FindEndpoint,
  onTaken: (socket: Duplex | BareSocket) => void,
): FindEndpoint {
  return (path) => {
    const take = find(path);
    if (take === undefined) return undefined;
    return (request, socket, head) => {
      onTaken(socket);
      take(request, socket, head);
    };
  };
}

/** An HTTP server of the engine's own. */
interface OwnListener {
  /** Settles when it has begun to listen. */
  readonly listening: Promise<AddressInfo | string>;
  readonly requests: OpenRequests;
  /** Cuts connections whose header of the PROXY protocol has not come; undefined: none needs one. */
  readonly cutUnnamed: (() => void) | undefined;
  /** Undefined with TLS, with the PROXY protocol, and on a Unix socket. */
  readonly reader: BareUpgrades | undefined;
}

/** An HTTP server that is to listen. */
export interface PendingListener {
  readonly server: HttpServer;
  /** A port, or the path of a Unix socket. */
  readonly place: number | string;
  readonly host: string | undefined;
  /** Answers plain requests. */
  readonly answer: RequestListener;
  readonly cutUnnamed: OwnListener['cutUnnamed'];
}

const ATTACHABLE =
  'a plain http.Server (of Express what app.listen() returns, of Fastify its .server). What speaks ' +
  'TLS, or HTTP/2, cannot move to a shard: instead of attaching to an HTTPS server, let the engine ' +
  'speak TLS: engine.listen(port, { tls: { key, cert }, request: app })';
