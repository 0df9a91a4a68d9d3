import { BlockList, isIP } from 'node:net';
import type { TrustProxy } from '../../shared/options/engine-options.ts';
import { optionError } from '../../shared/options/option-rules.ts';
import type { UpgradeRequest } from './handshake-check.ts';
import { parseSubnet, plainAddress } from './subnet.ts';

/** Whether to believe the sender at an address, so many proxies away from the engine. */
type Trust = (address: string, hops: number) => boolean;

/** The sender of a request, and the host that it was sent to. */
export interface Origination {
  readonly remoteAddress: string;
  /** The host that the client asked for. */
  readonly host: string | undefined;
}

/** Finds the sender of a request, behind the proxies that are believed. */
export class ProxyTrust {
  readonly #trusts: Trust;

  /** @throws EngineError ERR_OPTION */
  constructor(trustProxy: TrustProxy) {
    this.#trusts =
      typeof trustProxy === 'number'
        ? (_address, hops) => hops < trustProxy
        : byAddress(trustProxy);
  }

  /**
   * Reads X-Forwarded-For from its end, as long as the writer of an entry is believed, and
   * X-Forwarded-Host if the nearest proxy is.
   */
  of({ socket, headers }: Pick<UpgradeRequest, 'socket' | 'headers'>): Origination {
    let remoteAddress = plainAddress(socket.remoteAddress ?? '');
    if (!this.#trusts(remoteAddress, 0)) return { remoteAddress, host: headers.host };
    const chain = listOf(headers['x-forwarded-for']);
    for (let hops = 0; this.#trusts(remoteAddress, hops); hops++) {
      const next = chain.pop();
      if (next === undefined || isIP(next) === 0) break; // no one believed has written the rest
      remoteAddress = plainAddress(next);
    }
    const [host = headers.host] = listOf(headers['x-forwarded-host']);
    return { remoteAddress, host };
  }
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
