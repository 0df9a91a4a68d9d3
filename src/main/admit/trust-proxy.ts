import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import type { TrustProxy } from '../../shared/options/engine-options.ts';
import { optionError } from '../../shared/options/option-rules.ts';
import { hostOf } from '../accept/request-target.ts';
import type { UpgradeRequest } from './handshake-check.ts';
import { elementsOf } from './header-list.ts';
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
  of({ socket, url, headers }: Pick<UpgradeRequest, 'socket' | 'url' | 'headers'>): Origination {
    let remoteAddress = plainAddress(socket.remoteAddress ?? '');
    const asked = hostOf(url) ?? headers.host;
    if (!this.#trusts(remoteAddress, 0)) return { remoteAddress, host: asked };
    const chain = listOf(headers['x-forwarded-for']);
    for (let hops = 0; this.#trusts(remoteAddress, hops); hops++) {
      const next = addressOf(chain.pop() ?? '');
      if (next === undefined) break; // no one believed has written the rest
      remoteAddress = plainAddress(next);
    }
    const [host = asked] = listOf(headers['x-forwarded-host']);
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
  return elementsOf(Array.isArray(header) ? header.join(',') : (header ?? ''));
}

const IPV4_AND_PORT = /^([\d.]{7,15}):(\d{1,5})$/;
const IPV6_IN_BRACKETS = /^\[([^\]]{2,45})\](?::(\d{1,5}))?$/;

/** The address in an entry, which some proxies write with the client's port; undefined: none. */
function addressOf(entry: string): string | undefined {
  if (isIP(entry) !== 0) return entry;
  const [, ipv4 = '', port] = IPV4_AND_PORT.exec(entry) ?? [];
  const [, ipv6 = '', port6 = port] = IPV6_IN_BRACKETS.exec(entry) ?? [];
  if (Number(port6 ?? 0) > 65_535) return undefined;
  if (isIPv4(ipv4)) return ipv4;
  return isIPv6(ipv6) ? ipv6 : undefined;
}
