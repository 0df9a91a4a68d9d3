import { EngineError } from '../../shared/api/errors.ts';
import { isFunction } from '../../shared/options/option-rules.ts';
import { offeredProtocols } from '../connect/offered-protocols.ts';
import type { Target } from '../connect/web-socket.ts';
import { websocketUrl } from '../connect/websocket-url.ts';
import type { Auth, Protocols, Url, WsOptions } from './options.ts';
import { tokenProtocol } from './token.ts';

/**
 * Finds out where to connect to in one attempt: calls the functions of the app, at the same time.
 * @throws EngineError ERR_ATTEMPT
 */
export async function nextTarget(
  givenUrl: Url,
  givenProtocols: Protocols,
  { auth, codec }: WsOptions,
): Promise<Target> {
  const [url, protocols, token] = await Promise.all([
    resultOf('url', givenUrl, completeUrl),
    resultOf('protocols', givenProtocols, listed),
    auth && tokenOf(auth),
  ]);
  // The server answers with the subprotocol of the codec, and never with a token.
  const offered = new Set(offeredProtocols(codec ?? (auth && 'text'), protocols));
  if (token) offered.add(tokenProtocol(token));
  return [url, [...offered]];
}

/** Fetches a token; '' = none. @throws EngineError ERR_ATTEMPT */
export function tokenOf(auth: Auth): Promise<string> {
  return resultOf('auth', auth, (given) => {
    const token = given ?? '';
    return typeof token === 'string' ? token : undefined;
  });
}

/**
 * Returns a value of the app, or what its function gives this time.
 * @param read makes of it what is needed; undefined: it is wrong
 * @throws EngineError ERR_ATTEMPT; the value is not in it, because it may have a token in it
 */
async function resultOf<Result>(
  name: string,
  given: unknown,
  read: (value: unknown) => Result | undefined,
): Promise<Result> {
  let value: unknown;
  try {
    value = isFunction(given) ? await (given as () => unknown)() : given;
  } catch (cause) {
    throw new EngineError('ERR_ATTEMPT', `${name} threw`, { cause });
  }
  const result = read(value);
  if (result !== undefined) return result;
  throw new EngineError('ERR_ATTEMPT', `${name} gave a value that cannot be used`);
}

function completeUrl(url: unknown): string | undefined {
  if (typeof url !== 'string' && !(url instanceof URL)) return undefined;
  try {
    return websocketUrl(url as string, globalThis.location);
  } catch {
    return undefined;
  }
}

function listed(protocols: unknown): string[] | undefined {
  const list: unknown[] = [protocols ?? []].flat();
  return list.every((protocol) => typeof protocol === 'string') ? list : undefined;
}
