import { EventEmitter } from 'node:events';
import { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolveServerConfig, type ServerConfig, shardServerConfig } from '../shared/config.ts';
import {
  type CloseOptions,
  type EngineConfig,
  type ResolvedCloseOptions,
  resolveCloseOptions,
  resolveEngineConfig,
} from '../shared/engine-config.ts';
import {
  deserializeError,
  EngineError,
  handlerError,
  messageOf,
  stackOf,
} from '../shared/errors.ts';
import { optionError } from '../shared/option-rules.ts';
import type { AnyEvents } from '../shared/public-types.ts';
import { serverOf } from '../shared/records.ts';
import type { RoutedRecord } from '../shared/routed-record.ts';
import { settledWithin } from '../shared/settled-within.ts';
import { Admission } from './admission.ts';
import type { EngineEvents, ShardInfo } from './engine-events.ts';
import { createListener, type ListenOptions, listen, resolveListenOptions } from './listener.ts';
import type { Server } from './server.ts';
import { ServerEntry } from './server-entry.ts';
import {
  type EngineMessage,
  GRACE,
  SETTLING,
  type ShardEvents,
  ShardGroup,
} from './shard-group.ts';
import type { ShardHost } from './shard-host.ts';
import { type FindEndpoint, takeUpgrades } from './upgrade-source.ts';

/** Any number of WebSocket servers in one process, their connections spread over worker threads. */
export class Engine extends EventEmitter<EngineEvents> implements AsyncDisposable {
  readonly #config: Required<EngineConfig>;
  readonly #group: ShardGroup;
  readonly #admission: Admission;
  readonly #entries = new Map<number, ServerEntry>();
  readonly #routes = new Map<string, ServerEntry>();
  /** The HTTP servers that upgrades come from, with what ends that. */
  readonly #sources = new Map<HttpServer, () => void>();
  /** Those that are the engine's own, with what settles when they have begun to listen. */
  readonly #ownListeners = new Map<HttpServer, Promise<AddressInfo>>();
  readonly #started = Promise.withResolvers<void>();
  readonly #refusing = new AbortController();
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #lastServer = 0;

  /** @throws EngineError ERR_OPTION */
  constructor(config: EngineConfig = {}) {
    super();
    this.#config = resolveEngineConfig(config);
    this.#group = new ShardGroup(this.#config, this.#shardEvents());
    this.#started.promise.catch(() => {}); // whoever listens is told
    this.#admission = new Admission({
      config: this.#config,
      running: () => this.#started.promise.then(() => this.#group.running()),
      closing: this.#refusing.signal,
      place: (connectionsIn) => this.#group.place(connectionsIn),
      report: (error) => this.#report(error),
    });
  }

  /** The shards that are running. */
  get shards(): readonly ShardInfo[] {
    return this.#group.hosts.map(({ number, connections }) => ({ shard: number, connections }));
  }

  /**
   * Adds a server; the engine may be running already.
   * @throws EngineError ERR_OPTION, ERR_ENDPOINT_TAKEN, ERR_ENGINE_CLOSED
   */
  server<Events extends object = AnyEvents>(config: ServerConfig = {}): Server<Events> {
    this.#assertOpen();
    const resolved = resolveServerConfig(config);
    const { endpoint } = resolved;
    if (this.#routes.has(endpoint)) {
      throw new EngineError('ERR_ENDPOINT_TAKEN', `endpoint: '${endpoint}' has a server already`);
    }
    const outlet = {
      send: (records: readonly RoutedRecord[]) => this.#group.send(records),
      sendAlways: (shard: number, record: Buffer) => this.#group.sendAlways(shard, record),
      interest: this.#group.interest,
      report: (error: EngineError) => this.#report(error),
    };
    const entry = new ServerEntry(++this.#lastServer, resolved, outlet, (closing, options) =>
      this.#closeServer(closing, options),
    );
    this.#entries.set(entry.primary.number, entry);
    if (endpoint !== '') this.#routes.set(endpoint, entry);
    for (const host of this.#group.hosts) this.#addTo(host, entry);
    return entry.handle as Server as Server<Events>;
  }

  /**
   * Starts an HTTP server that takes upgrades for every endpoint, and resolves with its address
   * when each server is ready. May be called more than once, for more ports.
   * @param port 0–65535; 0 = any that is free
   * @throws EngineError ERR_HANDOFF_UNSUPPORTED, ERR_HANDLERS_LOAD, ERR_ENGINE_CLOSED; what
   *   `listen` of Node.js emits: EADDRINUSE, EACCES, …
   */
  async listen(port: number, options: ListenOptions = {}): Promise<AddressInfo> {
    const { host, request } = resolveListenOptions(options);
    await this.#start();
    await Promise.all([...this.#entries.values()].map((entry) => entry.ready));
    this.#assertOpen();
    const serverAt = (endpoint: string) => this.#routes.get(endpoint)?.primary.config;
    const server = createListener(this.#config, serverAt, request);
    const listening = listen(server, port, host);
    this.#sources.set(server, takeUpgrades(server, this.#findEndpoint));
    this.#ownListeners.set(server, listening);
    try {
      const address = await listening;
      this.#assertOpen();
      return address;
    } catch (error) {
      this.#sources.delete(server);
      this.#ownListeners.delete(server);
      throw error;
    }
  }

  /**
   * Takes upgrades for the engine's endpoints from an app's own HTTP server; those for other paths
   * stay with the app's listeners. Resolves when each server is ready.
   * @throws EngineError ERR_OPTION for an HTTPS server, ERR_HANDOFF_UNSUPPORTED,
   *   ERR_HANDLERS_LOAD, ERR_ENGINE_CLOSED
   */
  async attach(server: HttpServer): Promise<void> {
    this.#assertOpen();
    if (!(server instanceof HttpServer)) {
      const allowed = 'a plain http.Server: what speaks TLS, or HTTP/2, cannot move to a shard';
      throw optionError('attach', server, allowed);
    }
    if (!this.#sources.has(server)) {
      this.#sources.set(server, takeUpgrades(server, this.#findEndpoint));
    }
    await this.#start();
    await Promise.all([...this.#entries.values()].map((entry) => entry.ready));
  }

  /**
   * Ends everything: stops listening, delivers what has been accepted, closes every connection with
   * 1001, one after the other, stops the shards. No thread, handle or port is left when it resolves.
   * @throws EngineError ERR_OPTION
   */
  close(options: CloseOptions = {}): Promise<void> {
    const resolved = resolveCloseOptions(options);
    this.#closing ??= this.#close(resolved);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertOpen(): void {
    if (this.#closing === undefined) return;
    throw new EngineError('ERR_ENGINE_CLOSED', 'the engine has been closed');
  }

  #start(): Promise<void> {
    this.#assertOpen();
    this.#starting ??= this.#group.start();
    this.#starting.then(this.#started.resolve, this.#started.reject);
    return this.#starting;
  }

  readonly #findEndpoint: FindEndpoint = (path) => {
    const entry = this.#routes.get(path ?? '');
    if (entry === undefined) return undefined;
    return (request, socket, head) => void this.#admission.admit(entry, request, socket, head);
  };

  #shardEvents(): ShardEvents {
    return {
      onRecord: (record, start, end, shard) => {
        const entry = this.#entries.get(serverOf(record, start));
        entry?.primary.receive(entry.handle, record, start, end, shard);
      },
      onMessage: (host, message) => this.#onMessage(host, message),
      onStart: (host) => {
        for (const entry of this.#entries.values()) {
          if (!entry.isClosed) this.#addTo(host, entry);
        }
      },
      onExit: (host, cause, restart) => {
        for (const entry of this.#entries.values()) entry.shardDied(host.number);
        const shard = host.number;
        const reason = messageOf(cause);
        if (this.emit('shardExit', { shard, reason, cause, ...restart })) return;
        const message = `shard ${shard} died: ${reason}; restarts in ${restart.delayMs} ms`;
        this.#report(new EngineError('ERR_SHARD_EXIT', message, { cause }));
      },
      onError: (error) => this.#report(error),
    };
  }

  #onMessage(host: ShardHost, message: EngineMessage): void {
    if (message.type === 'error') {
      this.#report(deserializeError(message.error));
      return;
    }
    const entry = this.#entries.get(message.server);
    switch (message.type) {
      case 'server-added': {
        const error = message.error && deserializeError(message.error);
        entry?.added(host.number, error);
        if (error !== undefined) this.#report(error);
        return;
      }
      case 'server-removed':
        entry?.removed(host.number);
        return;
      case 'refused':
        entry?.refused(message.connection, host.number);
        host.connections -= 1;
        return;
      case 'closed':
        entry?.departed(message.connections, host.number);
        host.connections -= message.connections.length;
    }
  }

  #addTo(host: ShardHost, entry: ServerEntry): void {
    entry.adding(host.number);
    const { number, config } = entry.primary;
    host.post({ type: 'add-server', server: number, config: shardServerConfig(config) });
  }

  async #closeServer(entry: ServerEntry, options: ResolvedCloseOptions): Promise<void> {
    const { timeoutMs, drainMs } = options;
    const deadline = performance.now() + timeoutMs;
    const { number, endpoint } = entry.primary;
    if (this.#routes.get(endpoint) === entry) this.#routes.delete(endpoint);
    await this.#group.settle(timeoutMs * SETTLING);
    const { hosts } = this.#group;
    const left = Math.max(0, Math.floor(deadline - performance.now()));
    this.#group.post({ type: 'remove-server', server: number, timeoutMs: left, drainMs });
    const removed = entry.removedFrom(hosts.map((host) => host.number));
    const empty = removed.then(() => entry.primary.empty());
    if (!(await settledWithin(empty, left + GRACE))) entry.abandon();
    entry.primary.closed();
    this.#entries.delete(number);
  }

  async #close(options: ResolvedCloseOptions): Promise<void> {
    this.#refusing.abort();
    for (const release of this.#sources.values()) release();
    const closed = [...this.#ownListeners].map(closeListener);
    await this.#starting?.catch(() => {});
    await this.#group.stop(options);
    await Promise.all(closed);
    for (const entry of this.#entries.values()) entry.abandon();
    this.#routes.clear();
    this.#entries.clear();
  }

  #report(thrown: unknown): void {
    const error = handlerError('the engine', thrown);
    if (this.listenerCount('error') > 0) this.emit('error', error);
    else
      process.emitWarning(error.message, {
        type: error.name,
        code: error.code,
        detail: detail(error),
      });
  }
}

/** What a warning says below its message: where it came from. */
function detail({ cause, stack }: EngineError): string {
  return stackOf(cause) ?? stack ?? '';
}

async function closeListener([server, listening]: [HttpServer, Promise<unknown>]): Promise<void> {
  await listening.catch(() => {}); // whoever asked for it is told
  if (!server.listening) return;
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}
