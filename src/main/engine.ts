import { channel } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import type { Server as HttpServer, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DIAGNOSTIC_CHANNELS } from '../shared/api/diagnostic-events.ts';
import { deserializeError, EngineError, handlerError, messageOf } from '../shared/api/errors.ts';
import type { EventSchemas, EventsOf } from '../shared/api/event-schemas.ts';
import type { AnyEvents } from '../shared/api/public-types.ts';
import type { EngineStats, StatsOptions } from '../shared/api/stats.ts';
import type { EmitterHandle } from '../shared/messages/emitter-messages.ts';
import { RepeatedErrors } from '../shared/observe/repeated-errors.ts';
import {
  type CloseOptions,
  closeWith,
  type EngineOptions,
  type ResolvedCloseOptions,
  resolveEngineOptions,
} from '../shared/options/engine-options.ts';
import { resolveServerOptions, type ServerOptions } from '../shared/options/server-options.ts';
import { settledWithin } from '../shared/time/settled-within.ts';
import type { FindEndpoint } from './accept/http-upgrades.ts';
import type { ListenOptions } from './accept/listener.ts';
import { Listeners } from './accept/listeners.ts';
import { TlsListeners } from './accept/tls-listeners.ts';
import type { TlsOptions } from './accept/tls-options.ts';
import { Admission } from './admit/admission.ts';
import { Emitters } from './emitters.ts';
import { type EngineEvents, exitError, type ShardInfo } from './engine-events.ts';
import { metricsHandler } from './observe/metrics-handler.ts';
import { StatsCollector } from './observe/stats-collector.ts';
import { emitError } from './observe/warning.ts';
import { assertNodeVersion } from './place/handoff-check.ts';
import type { Server } from './servers/server.ts';
import { ServerEntry } from './servers/server-entry.ts';
import { hearOfServer } from './servers/server-news.ts';
import { type EngineMessage, GRACE, type ShardEvents, ShardGroup } from './shards/shard-group.ts';
import type { ShardHost } from './shards/shard-host.ts';
import { Startup } from './startup.ts';

const NO_ENDPOINT =
  "a server without the option endpoint takes no connections: give it one, such as '/chat', or '' " +
  'where that is meant';

const shardExits = channel(DIAGNOSTIC_CHANNELS.shardExit);

/** Any number of WebSocket servers in one process, their connections spread over worker threads. */
export class Engine extends EventEmitter<EngineEvents> implements AsyncDisposable {
  readonly #group: ShardGroup;
  readonly #admission: Admission;
  readonly #emitters: Emitters;
  readonly #entries = new Map<number, ServerEntry>();
  readonly #routes = new Map<string, ServerEntry>();
  readonly #listeners: Listeners;
  readonly #tlsListeners: TlsListeners;
  readonly #stats: StatsCollector;
  readonly #errors = new RepeatedErrors((error) => emitError(this, error));
  readonly #startup: Startup;
  /** Is aborted when the engine closes. */
  readonly #refusing = new AbortController();
  #closing: Promise<void> | undefined;
  #lastServer = 0;

  /** @throws EngineError ERR_OPTION; ERR_HANDOFF_UNSUPPORTED where Node.js is older than 24 */
  constructor(options: EngineOptions = {}) {
    super();
    assertNodeVersion(process.version);
    const resolved = resolveEngineOptions(options);
    const group = new ShardGroup(resolved, this.#shardEvents());
    const { signal: closing } = this.#refusing;
    const report = this.#report;
    this.#group = group;
    this.#emitters = new Emitters(resolved, group.hosts, this.#entries);
    this.#admission = new Admission({ options: resolved, group, closing, report });
    this.#tlsListeners = new TlsListeners(group, resolved.handshakeTimeout);
    this.#listeners = new Listeners({
      options: resolved,
      tlsListeners: this.#tlsListeners,
      findEndpoint: this.#findEndpoint,
      serverAt: (endpoint) => this.#routes.get(endpoint)?.options,
      report,
    });
    const { hosts, mailbox } = group;
    this.#stats = new StatsCollector(hosts, mailbox.load, this.#entries, this.#listeners);
    this.#startup = new Startup({
      group,
      entries: this.#entries,
      closing,
      isListening: () => this.#listeners.hasSources,
    });
  }

  /** The shards that are running. */
  get shards(): readonly ShardInfo[] {
    return this.#group.hosts.map(({ number, connections }) => ({ shard: number, connections }));
  }

  /**
   * Returns the statistics of every shard and server, and names shards that do not answer in time.
   * @throws EngineError ERR_OPTION, ERR_ENGINE_CLOSED
   */
  async stats(options: StatsOptions = {}): Promise<EngineStats> {
    this.#startup.assertOpen();
    return this.#stats.collect(options);
  }

  /** Returns a request listener that answers with {@link Engine.stats} in the text of Prometheus. */
  metricsHandler(): RequestListener {
    return metricsHandler(() => this.stats());
  }

  /**
   * Adds a server; the engine may be running already.
   * @throws EngineError ERR_OPTION, ERR_ENDPOINT_TAKEN, ERR_ENGINE_CLOSED
   */
  server<const Schemas extends EventSchemas, Data = unknown>(
    options: ServerOptions<Data> & { readonly events: Schemas },
  ): Server<EventsOf<Schemas>, Data>;
  server<Events extends object = AnyEvents, Data = unknown>(
    options?: ServerOptions<Data>,
  ): Server<Events, Data>;
  server(options: ServerOptions = {}): Server {
    this.#startup.assertOpen();
    const resolved = resolveServerOptions(options);
    const { endpoint } = resolved;
    if (options.endpoint === undefined) process.emitWarning(NO_ENDPOINT, 'FanringWarning');
    if (this.#routes.has(endpoint)) {
      throw new EngineError('ERR_ENDPOINT_TAKEN', `endpoint: '${endpoint}' has a server already`);
    }
    const entry = new ServerEntry(++this.#lastServer, resolved, {
      peers: this.#group.mailbox,
      threadContext: this.#group.mailbox.context,
      report: this.#report,
      close: (closing, options) => this.#closeServer(closing, options),
    });
    this.#entries.set(entry.number, entry);
    if (endpoint !== '') this.#routes.set(endpoint, entry);
    for (const host of this.#group.hosts) entry.addTo(host);
    this.#emitters.addServer(entry);
    return entry.app;
  }

  /**
   * Starts an HTTP server that takes upgrades for every endpoint, and resolves with its address
   * when each server is ready. May be called more than once, for more ports. Where it rejects and
   * nothing else listens, no shard is left running; the engine may listen again.
   * @param place a port, 0–65535; 0 = any that is free; or the path of a Unix socket
   * @throws EngineError ERR_OPTION, ERR_HANDOFF_UNSUPPORTED, ERR_HANDLERS_LOAD, ERR_SHARD_EXIT,
   *   ERR_ENGINE_CLOSED; errors of `listen` of Node.js: EADDRINUSE, EACCES, …
   */
  listen(port: number, options?: ListenOptions): Promise<AddressInfo>;
  listen(path: string, options?: ListenOptions): Promise<string>;
  async listen(place: number | string, options: ListenOptions = {}): Promise<AddressInfo | string> {
    this.#startup.assertOpen();
    const pending = this.#listeners.create(place, options);
    const address = await this.#startup.attempt(
      () => this.#listeners.open(pending),
      () => this.#listeners.abandon(pending),
    );
    this.#startup.assertOpen();
    return address;
  }

  /**
   * Takes upgrades for the engine's endpoints from an app's own HTTP server. Upgrades for other paths
   * stay with the app's listeners. Resolves when each server is ready.
   * @throws EngineError ERR_OPTION for an HTTPS server, ERR_HANDOFF_UNSUPPORTED,
   *   ERR_HANDLERS_LOAD, ERR_SHARD_EXIT, ERR_ENGINE_CLOSED
   */
  async attach(server: HttpServer): Promise<void> {
    this.#startup.assertOpen();
    const detach = this.#listeners.attach(server);
    await this.#startup.attempt(() => {}, detach);
  }

  /**
   * Replaces the TLS options, key and certificate among them, of a port that the engine listens on.
   * They hold for connections accepted from now on. Options left out are as in Node.js again.
   * @throws EngineError ERR_OPTION, ERR_ENGINE_CLOSED
   */
  setTls(port: number, tls: TlsOptions): void {
    this.#startup.assertOpen();
    this.#listeners.setTls(port, tls);
  }

  /**
   * Ends everything: stops listening, delivers all accepted messages, closes every connection with
   * 1001, one after the other, stops the shards. No thread, handle or port is left when it resolves.
   * @throws EngineError ERR_OPTION
   */
  close(options: CloseOptions = {}): Promise<void> {
    return closeWith(options, (resolved) => {
      this.#closing ??= this.#close(resolved);
      return this.#closing;
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Returns plain data that opens an emitter in any thread of the app. Pass it there by `workerData`
   * or `postMessage`, to `openEmitter` of 'fanring/emitter'.
   * @throws EngineError ERR_ENGINE_CLOSED
   */
  emitter(): EmitterHandle {
    this.#startup.assertOpen();
    return this.#emitters.handle();
  }

  readonly #findEndpoint: FindEndpoint = (path) => {
    const entry = this.#routes.get(path ?? '');
    if (entry === undefined) return undefined;
    return (request, socket, head) => void this.#admission.admit(entry, request, socket, head);
  };

  #shardEvents(): ShardEvents {
    return {
      onRecord: (record) => this.#entries.get(record.server)?.receive(record),
      onMessage: (host, message) => this.#onMessage(host, message),
      onStart: (host) => {
        this.#tlsListeners.addTo(host);
        this.#emitters.addShard(host);
        for (const entry of this.#entries.values()) if (!entry.isClosed) entry.addTo(host);
      },
      onExit: (host, cause, restart) => {
        this.#tlsListeners.shardDied(host);
        this.#emitters.shardDied(host.number);
        for (const entry of this.#entries.values()) entry.shardDied(host.number, cause);
        this.#stats.shardDied(host.number);
        const exit = { shard: host.number, reason: messageOf(cause), cause, ...restart };
        shardExits.publish(exit);
        if (!this.emit('shardExit', exit)) this.#report(exitError(exit));
      },
      onRest: (hosts) => {
        this.#stats.close(); // an ask that was under way gets no further answers
        for (const { number } of hosts) this.#emitters.shardDied(number);
        for (const entry of this.#entries.values()) entry.rested();
      },
      onError: this.#report,
    };
  }

  #onMessage(host: ShardHost, message: EngineMessage): void {
    switch (message.type) {
      case 'error':
        emitError(this, deserializeError(message.error)); // the shard has counted those alike
        return;
      case 'tls':
        this.#tlsListeners.receive(message.stream, message.event);
        return;
      case 'snapshot':
        this.#stats.receive(host.number, message);
        return;
      default: {
        const entry = this.#entries.get(message.server);
        hearOfServer(entry, host, message, this.#reportLoad);
      }
    }
  }

  /** Takes a server out of all shards; the rest of it is given up when its time is over. */
  async #closeServer(entry: ServerEntry, options: ResolvedCloseOptions): Promise<void> {
    const deadline = performance.now() + options.timeoutMs;
    const caller = this.#group.mailbox.isCaller ? 1 : 0;
    const { endpoint } = entry.options;
    if (this.#routes.get(endpoint) === entry) this.#routes.delete(endpoint);
    const left = await this.#group.settled(options);
    const { hosts } = this.#group;
    this.#group.post({ type: 'remove-server', server: entry.number, ...left });
    this.#emitters.removeServer(entry.number);
    const removed = entry.rollout.removedFrom(hosts.map((host) => host.number));
    const empty = removed.then(() => entry.closures?.empty());
    if (!(await settledWithin(empty, left.timeoutMs + GRACE))) entry.abandon();
    await entry.closuresEnded(deadline - performance.now(), caller);
    for (const host of hosts) host.loading.delete(entry.number); // also where none has said so in time
    entry.spread.close();
    this.#entries.delete(entry.number);
  }

  async #close(options: ResolvedCloseOptions): Promise<void> {
    const deadline = performance.now() + options.timeoutMs;
    const caller = this.#group.mailbox.isCaller ? 1 : 0;
    this.#refusing.abort();
    this.#stats.close();
    const closed = this.#listeners.close(options.timeoutMs);
    this.#emitters.close();
    await this.#startup.settled();
    await this.#group.stop(options);
    await closed;
    const entries = [...this.#entries.values()];
    for (const entry of entries) entry.abandon();
    this.#routes.clear();
    this.#entries.clear();
    const left = deadline - performance.now();
    await Promise.all(entries.map((entry) => entry.closuresEnded(left, caller)));
    this.#errors.flush();
  }

  /** Reports that a server cannot be loaded; where `listen` rejects with it, not as a warning too. */
  readonly #reportLoad = (error: EngineError): void => {
    if (this.listenerCount('error') > 0 || !this.#startup.isPending) this.#report(error);
  };

  readonly #report = (thrown: unknown): void =>
    this.#errors.report(handlerError('the engine', thrown));
}
