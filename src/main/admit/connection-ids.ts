import { EngineError } from '../../shared/api/errors.ts';

/**
 * The ids that a server's connections have, where the app makes them: two connections of one id
 * would get each other's messages. Random ids need no such list.
 */
export class ConnectionIds {
  readonly #taken = new Set<string>();

  /** @throws EngineError ERR_CONNECTION_ID where a living connection has it */
  claim(id: string): void {
    if (this.#taken.has(id)) {
      const message = `idGenerator: '${id}' is the id of a connection that is open`;
      throw new EngineError('ERR_CONNECTION_ID', message);
    }
    this.#taken.add(id);
  }

  /** The connection is no more; its id may be used again. */
  release(id: string): void {
    this.#taken.delete(id);
  }
}
