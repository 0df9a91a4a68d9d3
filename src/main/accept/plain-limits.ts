import type { ResolvedEngineOptions } from '../../shared/options/engine-options.ts';
import { AddressLimit } from '../admit/address-limit.ts';

/** The options that say how many connections without an upgrade there may be. */
type Limits = Pick<ResolvedEngineOptions, 'maxPlainConnections' | 'maxPlainConnectionsPerAddress'>;

/** Counts the connections of all ports of an engine that have sent plain requests. */
export class PlainLimits {
  readonly #most: number;
  readonly #addresses: AddressLimit | undefined;
  #count = 0;

  constructor({ maxPlainConnections, maxPlainConnectionsPerAddress }: Limits) {
    this.#most = maxPlainConnections;
    if (maxPlainConnectionsPerAddress > 0) {
      this.#addresses = new AddressLimit(maxPlainConnectionsPerAddress);
    }
  }

  /** Counts a connection. @returns the status to refuse it with, which then does not count */
  enter(address: string): 429 | 503 | undefined {
    if (this.#count >= this.#most) return 503;
    if (this.#addresses?.tryEnter(address) === false) return 429;
    this.#count += 1;
    return undefined;
  }

  /** Takes back the count of a connection that has ended. */
  leave(address: string): void {
    this.#count -= 1;
    this.#addresses?.leave(address);
  }
}
