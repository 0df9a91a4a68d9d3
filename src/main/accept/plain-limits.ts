import type { PlainConnectionStats } from '../../shared/api/stats.ts';
import type { ResolvedEngineOptions } from '../../shared/options/engine-options.ts';
import { AddressLimit } from '../admit/address-limit.ts';

/** The options that say how many connections without an upgrade there may be. */
type Limits = Pick<ResolvedEngineOptions, 'maxPlainConnections' | 'maxPlainConnectionsPerAddress'>;

/** Counts the connections of all ports of an engine that have sent plain requests, and refuses. */
export class PlainLimits {
  readonly #most: number;
  readonly #addresses: AddressLimit | undefined;
  #count = 0;
  readonly #refused = { limit: 0, address: 0, unanswered: 0 };

  constructor({ maxPlainConnections, maxPlainConnectionsPerAddress }: Limits) {
    this.#most = maxPlainConnections;
    if (maxPlainConnectionsPerAddress > 0) {
      this.#addresses = new AddressLimit(maxPlainConnectionsPerAddress);
    }
  }

  /** Counts a connection. @returns the status to refuse it with, which then does not count */
  enter(address: string): 429 | 503 | undefined {
    if (this.#count >= this.#most) {
      this.#refused.limit += 1;
      return 503;
    }
    if (this.#addresses?.tryEnter(address) === false) {
      this.#refused.address += 1;
      return 429;
    }
    this.#count += 1;
    return undefined;
  }

  /** A connection has been cut: it had too many requests without an answer. */
  countCut(): void {
    this.#refused.unanswered += 1;
  }

  /** The connections that count now, and the refusals so far. */
  get stats(): PlainConnectionStats {
    return { connections: this.#count, refused: { ...this.#refused } };
  }

  /** Takes back the count of a connection that has ended. */
  leave(address: string): void {
    this.#count -= 1;
    this.#addresses?.leave(address);
  }
}
