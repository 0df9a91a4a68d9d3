import { BlockList, isIP } from 'node:net';
import type { TrustProxy } from '../../shared/options/engine-options.ts';
import { optionError } from '../../shared/options/option-rules.ts';
import type { UpgradeRequest } from './handshake-check.ts';
import { parseSubnet, plainAddress } from './subnet.ts';

/** Whether the client at an address, so many proxies away from the engine, is believed. */
type Trust = (address: string, hops: number) => boolean;

/** Who sent a request, and to which host. */
export interface Origination {
  readonly remoteAddress: string;
  /** The host that the client asked for. */
  readonly host: string | undefined;
}

/** Finds out who sent a request, behind the proxies that are believed. */
export class ProxyTrust {
  readonly #trusts: Trust;

  /** @throws EngineError ERR_OPTION */
  constructor(trustProxy: TrustProxy) {
    this.#trusts = typeof trustProxy === 'number' ? byHops(trustProxy) : byAddress(trustProxy);
  }

  /**
   * Reads X-Forwarded-For from its end, as long as the one who wrote it is believed, and
   * X-Forwarded-Host if the nearest proxy is.
   */
  of({ socket, headers }: Pick<UpgradeRequest, 'socket' | 'headers'>): Origination {
    let remoteAddress = plainAddress(socket.remoteAddress ?? '');
    if (!this.#trusts(remoteAddress, 0)) return { remoteAddress, host: headers.host };
    const chain = listOf(headers['x-forwarded-for']);
    for (let hops = 0; this.#trusts(remoteAddress, hops); hops++) {
      const next = chain.pop();
      if (next === undefined || isIP(next) === 0) break; // the rest is hearsay
      remoteAddress = plainAddress(next);
    }
    const [host = headers.host] = listOf(headers['x-forwarded-host']);
    return { remoteAddress, host };
  }
}

function byHops(count: number): Trust {
  return (_address, hops) => hops < count;
}

function byAddress(entries: readonly string[]): Trust {
  const known = new BlockList();
  for (const entry of entries) {
    const subnet = parseSubnet(entry);
    if (subnet === undefined) throw optionError('trustProxy', entry, 'an IP address or range');
    const { address, bits, family } = subnet;
    known.addSubnet(address, bits, family);
  }
  return (address) => {
    const version = isIP(address);
    return version !== 0 && known.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
}

function listOf(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
