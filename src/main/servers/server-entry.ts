import { EngineError, messageOf } from '../../shared/api/errors.ts';
import type { PrimaryServerStats } from '../../shared/api/stats.ts';
import type { ResolvedCloseOptions } from '../../shared/options/engine-options.ts';
import {
  type ResolvedServerOptions,
  shardServerOptions,
} from '../../shared/options/server-options.ts';
import { AddressLimit } from '../admit/address-limit.ts';
import { ConnectionIds } from '../admit/connection-ids.ts';
import { Refusal } from '../admit/refusal.ts';
import type { ShardHost } from '../shards/shard-host.ts';
import { type Arrival, PrimaryServer, type ServerContext } from './primary-server.ts';
import { Server, type ServerLife } from './server.ts';

/** What a connection has until it is closed. */
interface Held {
  readonly shard: number;
  readonly id: string;
  readonly address: string;
}

/** A promise that nobody has to wait for: where it rejects the engine reports the error, too. */
function unnoticed(): PromiseWithResolvers<void> {
  const settling = Promise.withResolvers<void>();
  settling.promise.catch(() => {});
  return settling;
}

/** How far a shard is with a server. */
type Progress = 'loading' | 'ready' | 'failed';

/** One server of an engine: its faces, and how far the shards are with it. */
export class ServerEntry implements ServerLife {
  readonly primary: PrimaryServer;
  readonly handle: Server;
  readonly #ids: ConnectionIds | undefined;
  #ready = unnoticed();
  readonly #close: (entry: ServerEntry, options: ResolvedCloseOptions) => Promise<void>;
  readonly #addresses: AddressLimit | undefined;
  /** What connections have of these two; where there is neither, nothing. */
  readonly #held = new Map<number, Held>();
  /** Upgrades that are being decided on. */
  #entering = 0;
  /** Connections in each shard, those on their way included. */
  readonly #connections = new Map<number, number>();
  readonly #progress = new Map<number, Progress>();
  #hasBeenReady = false;
  readonly #beingRemoved = new Set<number>();
  #onRemoved: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    number: number,
    options: ResolvedServerOptions,
    context: ServerContext,
    close: (entry: ServerEntry, options: ResolvedCloseOptions) => Promise<void>,
  ) {
    this.#close = close;
    this.#ids = options.idGenerator === undefined ? undefined : new ConnectionIds();
    const { maxConnectionsPerAddress: limit } = options;
    this.#addresses = limit === 0 ? undefined : new AddressLimit(limit);
    this.primary = new PrimaryServer(number, options, context);
    this.handle = new Server(this.primary, this);
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** Whether there was a time at which every shard had it. */
  get hasBeenReady(): boolean {
    return this.#hasBeenReady;
  }

  get stats(): PrimaryServerStats {
    const { endpoint, counters } = this.primary;
    return { endpoint, ...counters };
  }

  get connections(): number {
    let sum = 0;
    for (const count of this.#connections.values()) sum += count;
    return sum;
  }

  /** Connections in one shard, those on their way included. */
  connectionsIn(shard: number): number {
    return this.#connections.get(shard) ?? 0;
  }

  /** Whether connections may enter in a shard. */
  isReadyIn(shard: number): boolean {
    return this.#progress.get(shard) === 'ready';
  }

  /**
   * An upgrade is to be decided on: it has a place until {@link ServerEntry.decided}.
   * @throws Refusal 503, 429 where there is none
   */
  deciding(address: string): void {
    if (this.connections + this.#entering >= this.primary.options.maxConnections) {
      throw new Refusal(503, 'Too many connections');
    }
    if (this.#addresses?.tryEnter(address) === false) {
      throw new Refusal(429, 'Too many connections from this address');
    }
    this.#entering += 1;
  }

  /** An upgrade has been decided on; where it may enter it is a connection by now. */
  decided(address: string): void {
    this.#addresses?.leave(address);
    this.#entering -= 1;
  }

  /**
   * A connection is about to move to a shard.
   * @param address with which it was decided on: of its request the app may have made another
   * @throws EngineError ERR_CONNECTION_ID
   */
  arriving(connection: number, arrival: Arrival, address: string): void {
    this.#hold(connection, arrival, address);
    this.#count(arrival.shard, 1);
    this.primary.expect(connection, arrival);
  }

  /** A connection did not come to be. */
  refused(connection: number, shard: number): void {
    this.primary.refused(connection);
    this.connectionsClosed([connection], shard);
  }

  /** Connections are no more. */
  connectionsClosed(connections: readonly number[], shard: number): void {
    this.#count(shard, -connections.length);
    for (const connection of connections) this.#release(connection);
  }

  close(options: ResolvedCloseOptions): Promise<void> {
    this.#ready.reject(new EngineError('ERR_ENGINE_CLOSED', 'the server has been closed'));
    this.#closed ??= this.#close(this, options);
    return this.#closed;
  }

  /** Tells a shard of the server. */
  addTo(host: ShardHost): void {
    const { number, options } = this.primary;
    this.#progress.set(host.number, 'loading');
    host.loading.add(number);
    host.post({ type: 'add-server', server: number, options: shardServerOptions(options) });
  }

  /** A shard has the server, or could not load its handlers. */
  added(shard: number, error?: EngineError): void {
    this.#progress.set(shard, error === undefined ? 'ready' : 'failed');
    if (error !== undefined) this.#ready.reject(error);
    else if ([...this.#progress.values()].every((progress) => progress === 'ready')) {
      this.#hasBeenReady = true;
      this.#ready.resolve();
    }
  }

  /** Resolves when each of these shards has said that the server is gone, or has died. */
  async removedFrom(shards: readonly number[]): Promise<void> {
    for (const shard of shards) this.#beingRemoved.add(shard);
    if (this.#beingRemoved.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onRemoved = resolve;
    await promise;
  }

  /** The server is gone from a shard. */
  removed(shard: number): void {
    this.#beingRemoved.delete(shard);
    if (this.#beingRemoved.size === 0) this.#onRemoved?.();
  }

  /** A shard has died, and all that it had of the server with it. */
  shardDied(shard: number, cause?: unknown): void {
    const { handlers } = this.primary.options;
    if (handlers !== undefined && this.#progress.get(shard) === 'loading') {
      const message = `handlers: a shard died while it loaded ${handlers}: ${messageOf(cause)}`;
      this.#ready.reject(new EngineError('ERR_HANDLERS_LOAD', message, { cause }));
    }
    this.#forget(shard);
  }

  /** All shards have been stopped; the next ones begin with nothing. */
  rested(): void {
    for (const shard of [...this.#progress.keys()]) this.#forget(shard);
    if (this.#hasBeenReady && !this.isClosed) this.#ready = unnoticed();
    this.#hasBeenReady = false;
  }

  #forget(shard: number): void {
    this.#connections.delete(shard);
    this.#progress.delete(shard);
    for (const [connection, held] of this.#held) {
      if (held.shard === shard) this.#release(connection);
    }
    this.primary.shardDied(shard);
    if (this.isClosed) this.removed(shard);
  }

  /** Nothing more will be heard of it: what is left is told so. */
  abandon(): void {
    for (const shard of [...this.#connections.keys()]) this.shardDied(shard);
    this.primary.closed();
    this.#ready.reject(new EngineError('ERR_ENGINE_CLOSED', 'the engine has been closed'));
    this.#onRemoved?.();
  }

  #count(shard: number, change: number): void {
    this.#connections.set(shard, (this.#connections.get(shard) ?? 0) + change);
  }

  /** @throws EngineError ERR_CONNECTION_ID, and then it has nothing */
  #hold(connection: number, { shard, identity: { id } }: Arrival, address: string): void {
    if (this.#ids === undefined && this.#addresses === undefined) return;
    this.#ids?.claim(id);
    this.#addresses?.enter(address);
    this.#held.set(connection, { shard, id, address });
  }

  #release(connection: number): void {
    const held = this.#held.get(connection);
    if (held === undefined) return;
    this.#held.delete(connection);
    this.#ids?.release(held.id);
    this.#addresses?.leave(held.address);
  }
}
