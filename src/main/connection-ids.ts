import { EngineError } from '../shared/errors.ts';

interface Holder {
  readonly id: string;
  readonly shard: number;
}

/**
 * The ids that a server's connections have, where the app makes them: two connections of one id
 * would get each other's messages. Random ids need no such list.
 */
export class ConnectionIds {
  readonly #taken = new Set<string>();
  readonly #holders = new Map<number, Holder>();

  /** @throws EngineError ERR_CONNECTION_ID where a living connection has it */
  claim(id: string, connection: number, shard: number): void {
    if (this.#taken.has(id)) {
      const message = `idGenerator: '${id}' is the id of a connection that is open`;
      throw new EngineError('ERR_CONNECTION_ID', message);
    }
    this.#taken.add(id);
    this.#holders.set(connection, { id, shard });
  }

  /** A connection is no more; its id may be used again. */
  release(connection: number): void {
    const holder = this.#holders.get(connection);
    if (holder === undefined) return;
    this.#holders.delete(connection);
    this.#taken.delete(holder.id);
  }

  /** A shard is no more, and none of its connections. */
  releaseShard(shard: number): void {
    for (const [connection, holder] of this.#holders) {
      if (holder.shard === shard) this.release(connection);
    }
  }
}
