import type { Renewal } from '../../shared/expiry/expiries.ts';
import type { FromShard } from '../../shared/messages/control-messages.ts';

/** New tokens of one server's clients that the primary has yet to decide on. */
export class TokenRenewals {
  readonly #server: number;
  readonly #tell: (message: FromShard) => void;
  readonly #waiting = new Map<number, (renewal: Renewal) => void>();

  constructor(server: number, tell: (message: FromShard) => void) {
    this.#server = server;
    this.#tell = tell;
  }

  /** Has the primary decide on a new token of a connection. */
  renew(connection: number, token: string): Promise<Renewal> {
    const { promise, resolve } = Promise.withResolvers<Renewal>();
    this.#waiting.set(connection, resolve);
    this.#tell({ type: 'renew-token', server: this.#server, connection, token });
    return promise;
  }

  /** Takes the decision. */
  renewed({ connection, renewal }: { connection: number; renewal: Renewal }): void {
    this.#waiting.get(connection)?.(renewal);
    this.#waiting.delete(connection);
  }
}
