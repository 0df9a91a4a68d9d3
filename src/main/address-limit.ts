import { isIPv6 } from 'node:net';

interface Holder {
  readonly network: string;
  readonly shard: number;
}

/** How many connections of one server each address has, those that are being let in included. */
export class AddressLimit {
  readonly #limit: number;
  readonly #counts = new Map<string, number>();
  readonly #holders = new Map<number, Holder>();

  /** @param limit 1 and up */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts an upgrade that is to be decided on; false: the address has all that it may have. */
  tryEnter(address: string): boolean {
    const network = networkOf(address);
    if ((this.#counts.get(network) ?? 0) >= this.#limit) return false;
    this.#count(network, 1);
    return true;
  }

  /** An upgrade has been decided on: it is counted as a connection from here on, or not at all. */
  leave(address: string): void {
    this.#count(networkOf(address), -1);
  }

  /** Counts a connection. */
  hold(connection: number, address: string, shard: number): void {
    const network = networkOf(address);
    this.#holders.set(connection, { network, shard });
    this.#count(network, 1);
  }

  /** A connection is no more. */
  release(connection: number): void {
    const holder = this.#holders.get(connection);
    if (holder === undefined) return;
    this.#holders.delete(connection);
    this.#count(holder.network, -1);
  }

  /** A shard is no more, and none of its connections. */
  releaseShard(shard: number): void {
    for (const [connection, holder] of this.#holders) {
      if (holder.shard === shard) this.release(connection);
    }
  }

  #count(network: string, change: number): void {
    const count = (this.#counts.get(network) ?? 0) + change;
    // Without an address, as on a Unix socket, nobody can be told from anybody.
    if (count === 0 || network === '') this.#counts.delete(network);
    else this.#counts.set(network, count);
  }
}

const NETWORK_GROUPS = 4;

/** An IPv4 address; of IPv6 the first 64 bits, since a single host has all addresses behind them. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const behind = tail === '' ? 0 : tail.split(':').length;
    while (groups.length + behind < 8) groups.push('0');
    if (tail !== '') groups.push(...tail.split(':'));
  }
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}
