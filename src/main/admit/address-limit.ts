import { isIPv6 } from 'node:net';

/** Counts the connections of one server by address, upgrades that are being decided on included. */
export class AddressLimit {
  readonly #limit: number;
  readonly #counts = new Map<string, number>();

  /** @param limit 1 and up */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts an upgrade that is to be decided on; false: the address is at its limit. */
  tryEnter(address: string): boolean {
    const network = networkOf(address);
    if ((this.#counts.get(network) ?? 0) >= this.#limit) return false;
    this.#count(network, 1);
    return true;
  }

  /** Counts a connection, besides the upgrade that it came as. */
  enter(address: string): void {
    this.#count(networkOf(address), 1);
  }

  /** Takes back the count of an upgrade that has been decided on, or of an ended connection. */
  leave(address: string): void {
    this.#count(networkOf(address), -1);
  }

  #count(network: string, change: number): void {
    const count = (this.#counts.get(network) ?? 0) + change;
    // Clients without an address, as on a Unix socket, cannot be told apart.
    if (count === 0 || network === '') this.#counts.delete(network);
    else this.#counts.set(network, count);
  }
}

const NETWORK_GROUPS = 4;

/** An IPv4 address itself; of IPv6 the first 64 bits, since one host has all addresses in a /64. */
function networkOf(address: string): string {
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
