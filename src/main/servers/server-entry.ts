import type { PrimaryServerStats } from '../../shared/api/stats.ts';
import type { ResolvedCloseOptions } from '../../shared/options/engine-options.ts';
import {
  type ResolvedServerOptions,
  shardServerOptions,
} from '../../shared/options/server-options.ts';
import type { ShardHost } from '../shards/shard-host.ts';
import { Places } from './places.ts';
import { type Arrival, PrimaryServer, type ServerContext } from './primary-server.ts';
import { Rollout } from './rollout.ts';
import { Server, type ServerLife } from './server.ts';

/** One server of an engine: its faces, its places, and how far the shards are with it. */
export class ServerEntry implements ServerLife {
  readonly primary: PrimaryServer;
  readonly handle: Server;
  readonly places: Places;
  readonly rollout: Rollout;
  readonly #close: (entry: ServerEntry, options: ResolvedCloseOptions) => Promise<void>;
  #closed: Promise<void> | undefined;

  constructor(
    number: number,
    options: ResolvedServerOptions,
    context: ServerContext,
    close: (entry: ServerEntry, options: ResolvedCloseOptions) => Promise<void>,
  ) {
    this.#close = close;
    this.places = new Places(options);
    this.rollout = new Rollout(options.handlers?.toString());
    this.primary = new PrimaryServer(number, options, context);
    this.handle = new Server(this.primary, this);
  }

  get ready(): Promise<void> {
    return this.rollout.ready;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  get stats(): PrimaryServerStats {
    const { endpoint, counters } = this.primary;
    return { endpoint, ...counters };
  }

  /** Connections in one shard, those on their way included. */
  connectionsIn(shard: number): number {
    return this.places.connectionsIn(shard);
  }

  /** Whether connections may enter in a shard. */
  isReadyIn(shard: number): boolean {
    return this.rollout.isReadyIn(shard);
  }

  /**
   * A connection is about to move to a shard.
   * @param address with which it was decided on: of its request the app may have made another
   * @throws EngineError ERR_CONNECTION_ID
   */
  arriving(connection: number, arrival: Arrival, address: string): void {
    const { shard, identity } = arrival;
    this.places.take({ connection, shard, id: identity.id, address });
    this.primary.expect(connection, arrival);
  }

  /** A connection did not come to be. */
  refused(connection: number, shard: number): void {
    this.primary.refused(connection);
    this.places.free([connection], shard);
  }

  close(options: ResolvedCloseOptions): Promise<void> {
    this.rollout.giveUp('server');
    this.#closed ??= this.#close(this, options);
    return this.#closed;
  }

  /** Tells a shard of the server. */
  addTo(host: ShardHost): void {
    const { number, options } = this.primary;
    this.rollout.loading(host.number);
    host.loading.add(number);
    host.post({ type: 'add-server', server: number, options: shardServerOptions(options) });
  }

  /** A shard has died, and all that it had of the server with it. */
  shardDied(shard: number, cause?: unknown): void {
    this.places.freeAllIn(shard);
    this.primary.shardDied(shard);
    this.rollout.shardDied(shard, cause); // last: it may be all that closing waited for
  }

  /** Nothing more will be heard of it: what is left is told so. */
  abandon(): void {
    for (const shard of this.places.shards()) this.shardDied(shard);
    this.primary.closed();
    this.rollout.giveUp('engine');
    this.rollout.abandon();
  }
}
