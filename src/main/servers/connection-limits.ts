import { EngineError } from '../../shared/api/errors.ts';
import { Refusal } from '../../shared/api/refusal.ts';
import type { ResolvedServerOptions } from '../../shared/options/server-options.ts';
import { AddressLimit } from '../admit/address-limit.ts';

/** The things that a connection gives back when it is closed. */
interface Held {
  readonly shard: number;
  readonly id: string;
  readonly address: string;
}

type PlaceLimits = Pick<
  ResolvedServerOptions,
  'maxConnections' | 'maxConnectionsPerAddress' | 'idGenerator'
>;

/** The places of one server: its connections are limited in all, by address and by id. */
export class ConnectionLimits {
  readonly #maxConnections: number;
  /** Ids of connections, where the app makes them: two with one id would share their messages. */
  readonly #ids: Set<string> | undefined;
  readonly #addresses: AddressLimit | undefined;
  /** Ids and addresses of connections; empty where neither is limited. */
  readonly #held = new Map<number, Held>();
  /** Upgrades that are being decided on. */
  #entering = 0;
  /** Connections in each shard, those on their way included. */
  readonly #connections = new Map<number, number>();

  constructor({ maxConnections, maxConnectionsPerAddress, idGenerator }: PlaceLimits) {
    this.#maxConnections = maxConnections;
    this.#ids = idGenerator && new Set();
    const isLimited = maxConnectionsPerAddress > 0;
    this.#addresses = isLimited ? new AddressLimit(maxConnectionsPerAddress) : undefined;
  }

  /** Connections in all shards, those on their way included. */
  get connections(): number {
    let sum = 0;
    for (const count of this.#connections.values()) sum += count;
    return sum;
  }

  /** Connections in one shard, those on their way included. */
  connectionsIn(shard: number): number {
    return this.#connections.get(shard) ?? 0;
  }

  /** The shards that have, or had, connections. */
  shards(): number[] {
    return [...this.#connections.keys()];
  }

  /**
   * Reserves a place for an upgrade that is to be decided on, until {@link ConnectionLimits.decided}.
   * @throws Refusal 503, 429 where there is none
   */
  deciding(address: string): void {
    if (this.connections + this.#entering >= this.#maxConnections) {
      throw new Refusal(503, 'Too many connections');
    }
    if (this.#addresses?.tryEnter(address) === false) {
      throw new Refusal(429, 'Too many connections from this address');
    }
    this.#entering += 1;
  }

  /** Gives the reserved place back; an upgrade that may enter has taken one of its own by now. */
  decided(address: string): void {
    this.#addresses?.leave(address);
    this.#entering -= 1;
  }

  /**
   * Takes a place for a connection that is about to move to a shard.
   * @throws EngineError ERR_CONNECTION_ID where an open connection has its id; then it has no place
   */
  take(connection: number, held: Held): void {
    const { shard, id, address } = held;
    if (this.#ids?.has(id)) {
      const message = `idGenerator: '${id}' is the id of a connection that is open`;
      throw new EngineError('ERR_CONNECTION_ID', message);
    }
    this.#ids?.add(id);
    this.#addresses?.enter(address);
    if (this.#ids !== undefined || this.#addresses !== undefined) this.#held.set(connection, held);
    this.#count(shard, 1);
  }

  /** Gives back the places of connections that have ended. */
  free(connections: readonly number[], shard: number): void {
    this.#count(shard, -connections.length);
    for (const connection of connections) this.#release(connection);
  }

  /** Gives back the places of all connections in a shard. */
  freeAllIn(shard: number): void {
    this.#connections.delete(shard);
    for (const [connection, held] of this.#held) {
      if (held.shard === shard) this.#release(connection);
    }
  }

  #count(shard: number, change: number): void {
    this.#connections.set(shard, this.connectionsIn(shard) + change);
  }

  #release(connection: number): void {
    const held = this.#held.get(connection);
    if (held === undefined) return;
    this.#held.delete(connection);
    this.#ids?.delete(held.id);
    this.#addresses?.leave(held.address);
  }
}
