import { EngineError, messageOf } from '../../shared/api/errors.ts';
import type { Renewal } from '../../shared/expiry/expiries.ts';
import type { ShardHost } from '../shards/shard-host.ts';

/** Decides on a new token of one connection; never rejects. */
type RenewOne = (token: string) => Promise<Renewal>;

/** The connections of one server whose clients may be asked for new tokens. */
export class Renewals {
  readonly #byConnection = new Map<number, { shard: number; renew: RenewOne }>();

  /** A connection is about to move to a shard. @param renew decides on its new tokens */
  add(connection: number, shard: number, renew: RenewOne): void {
    this.#byConnection.set(connection, { shard, renew });
  }

  /** Decides on a new token of a connection; never rejects. */
  async renew(connection: number, token: string): Promise<Renewal> {
    const one = this.#byConnection.get(connection);
    return one?.renew(token) ?? { outcome: 'failed', why: 'the connection has ended' };
  }

  /** Decides for a handler module in a shard. */
  async renewFor(
    host: Pick<ShardHost, 'post'>,
    { server, connection, token }: { server: number; connection: number; token: string },
    report: (error: EngineError) => void,
  ): Promise<void> {
    const answer = (renewal: Renewal) =>
      host.post({ type: 'token-renewed', server, connection, renewal });
    try {
      answer(await this.renew(connection, token));
    } catch (cause) {
      const message = `what authorize returned cannot go to a shard: ${messageOf(cause)}`;
      report(new EngineError('ERR_HANDLER', message, { cause }));
      answer({ outcome: 'failed', why: 'the result of authorize cannot go to a shard' });
    }
  }

  /** Forgets connections that have ended. */
  free(connections: readonly number[]): void {
    if (this.#byConnection.size === 0) return;
    for (const connection of connections) this.#byConnection.delete(connection);
  }

  /** Forgets all connections in a shard. */
  freeAllIn(shard: number): void {
    for (const [connection, one] of this.#byConnection) {
      if (one.shard === shard) this.#byConnection.delete(connection);
    }
  }
}
