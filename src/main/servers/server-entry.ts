import { AsyncResource } from 'node:async_hooks';
import { EngineError } from '../../shared/api/errors.ts';
import type { Connection, EventHandler, HandlerOptions } from '../../shared/api/public-types.ts';
import type { PrimaryServerStats } from '../../shared/api/stats.ts';
import { AppConnection } from '../../shared/app/app-connection.ts';
import { RunningHandlers } from '../../shared/app/running-handlers.ts';
import { createCodecs } from '../../shared/codec/codecs.ts';
import { Expiries } from '../../shared/expiry/expiries.ts';
import type { RecordView } from '../../shared/messages/record-view.ts';
import type { ResolvedCloseOptions } from '../../shared/options/engine-options.ts';
import { optionError } from '../../shared/options/option-rules.ts';
import {
  type ResolvedServerOptions,
  shardServerOptions,
} from '../../shared/options/server-options.ts';
import { EventChecks } from '../../shared/schema/event-checks.ts';
import { NOWHERE } from '../../shared/spread/local.ts';
import type { Peers } from '../../shared/spread/peers.ts';
import { SpreadServer } from '../../shared/spread/spread-server.ts';
import type { ShardHost } from '../shards/shard-host.ts';
import { type Arrival, Closures, type ClosuresContext } from './closures.ts';
import { ConnectionLimits } from './connection-limits.ts';
import { Renewals } from './renewals.ts';
import { Rollout } from './rollout.ts';
import { type Life, Server } from './server.ts';

/** Everything that the engine gives to its servers. */
export interface EntryContext {
  readonly peers: Peers;
  /** The asynchronous context of this thread's loop; default: that in which the server is added. */
  readonly threadContext?: AsyncResource;
  report(error: EngineError): void;
  close(entry: ServerEntry, options: ResolvedCloseOptions): Promise<void>;
}

/** One server on the primary: its verbs, its closures, its places, and its way into the shards. */
export class ServerEntry implements Life {
  readonly number: number;
  readonly options: ResolvedServerOptions;
  /** The messages sent from here, one for each emit, and what closures have met. */
  readonly counters = { emitted: 0, invalidPayloads: 0, expired: 0 };
  readonly spread: SpreadServer;
  /** Undefined where the handlers are in a module. */
  readonly closures: Closures | undefined;
  /** The app's view of it. */
  readonly app: Server;
  readonly limits: ConnectionLimits;
  readonly rollout: Rollout;
  readonly renewals = new Renewals();
  readonly #running: RunningHandlers;
  readonly #context: EntryContext;
  #closed: Promise<void> | undefined;

  constructor(number: number, options: ResolvedServerOptions, context: EntryContext) {
    const { endpoint, handlers, keepHeaders } = options;
    const { peers, report, threadContext = new AsyncResource('fanring.Server') } = context;
    this.number = number;
    this.options = options;
    this.#context = context;
    this.#running = new RunningHandlers(options);
    this.limits = new ConnectionLimits(options);
    this.rollout = new Rollout(handlers?.toString());
    const codecs = createCodecs(options);
    const { counters } = this;
    const { events } = options;
    const checks = events && new EventChecks(events, options, counters);
    const spread = { number, endpoint, limits: options, codecs, peers, counters, checks, report };
    const renew = this.renewals.renew.bind(this.renewals);
    const expiries = new Expiries(renew, counters);
    const appConnection: ClosuresContext['appConnection'] = (link, identity) => {
      const app = new AppConnection(this.app, this.spread, link, identity, this.#running);
      if (identity.expiry !== undefined) app.expires(expiries, identity.expiry);
      return app;
    };
    if (handlers === undefined) {
      this.closures = new Closures({ ...spread, keepHeaders, threadContext, appConnection });
    }
    this.spread = new SpreadServer({ ...spread, local: this.closures ?? NOWHERE });
    this.app = new Server(this.spread, this);
  }

  addConnectionHandler(fn: EventHandler<Connection>, options?: HandlerOptions): () => void {
    if (typeof fn !== 'function') throw optionError('onConnection', fn, 'a function');
    if (this.closures !== undefined) return this.closures.add(fn, options);
    const { endpoint } = this.options;
    const message = `${endpoint} has its handlers in a module; onConnection would not be called`;
    throw new EngineError('ERR_HANDLERS_CONFLICT', message);
  }

  /** Carries out a record that a shard has sent; its bytes are only valid during the call. */
  receive(record: RecordView): void {
    if (!this.spread.receive(record)) this.closures?.receive(record);
  }

  get ready(): Promise<void> {
    return this.rollout.ready;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  get stats(): PrimaryServerStats {
    return { endpoint: this.options.endpoint, ...this.counters };
  }

  /** Connections in one shard, those on their way included. */
  connectionsIn(shard: number): number {
    return this.limits.connectionsIn(shard);
  }

  /** Whether connections may enter in a shard. */
  isReadyIn(shard: number): boolean {
    return this.rollout.isReadyIn(shard);
  }

  /**
   * A connection is about to move to a shard.
   * @param address the one that it was decided on with; the app may have changed the request's
   * @throws EngineError ERR_CONNECTION_ID
   */
  arriving(connection: number, arrival: Arrival, address: string): void {
    const { shard, identity, renew } = arrival;
    this.limits.take(connection, { shard, id: identity.id, address });
    if (renew !== undefined) this.renewals.add(connection, shard, renew);
    this.closures?.expect(connection, arrival);
  }

  /** A connection has not come about. */
  refused(connection: number, shard: number): void {
    this.closures?.refused(connection);
    this.freed([connection], shard);
  }

  /** Connections have ended. */
  freed(connections: readonly number[], shard: number): void {
    this.limits.free(connections, shard);
    this.renewals.free(connections);
  }

  close(options: ResolvedCloseOptions): Promise<void> {
    this.rollout.giveUp('server');
    this.#closed ??= this.#context.close(this, options);
    return this.#closed;
  }

  /** Tells a shard of the server. */
  addTo(host: ShardHost): void {
    const { number, options } = this;
    this.rollout.loading(host.number);
    host.loading.add(number);
    host.post({ type: 'add-server', server: number, options: shardServerOptions(options) });
  }

  /** A shard has died, with its part of the server. */
  shardDied(shard: number, cause?: unknown): void {
    this.#forget(shard);
    this.rollout.shardDied(shard, cause); // last: closing may have waited for this shard alone
  }

  /** All shards have been stopped; the next ones begin without the server. */
  rested(): void {
    for (const shard of this.rollout.shards()) this.#forget(shard);
    this.rollout.rested(!this.isClosed);
  }

  #forget(shard: number): void {
    this.limits.freeAllIn(shard);
    this.renewals.freeAllIn(shard);
    this.spread.peerDied(shard);
    this.closures?.shardDied(shard);
  }

  /**
   * Waits for the closures that are at work, which may fail to end.
   * @param caller 1 where one of them waits for this; else 0
   */
  closuresEnded(timeoutMs: number, caller: 0 | 1): Promise<void> {
    const { report } = this.#context;
    return this.#running.ended(timeoutMs, this.options.endpoint, report, caller);
  }

  /** Ends the rest of it: no shard will send news of it any more. */
  abandon(): void {
    for (const shard of this.limits.shards()) this.shardDied(shard);
    this.spread.close();
    this.rollout.giveUp('engine');
    this.rollout.abandon();
  }
}
