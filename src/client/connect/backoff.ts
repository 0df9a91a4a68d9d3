import type { DisconnectReason } from '../../shared/api/public-types.ts';
import type { ReconnectOptions } from '../page/options.ts';

/**
 * The delay before an attempt to connect anew. It is random, so that clients do not all come back
 * at once after a restart, and its range grows with each attempt.
 * @param attempt from 1
 * @returns milliseconds from `minDelayMs` to `minDelayMs` · `factor`^`attempt`, `maxDelayMs` at
 *   most
 */
export function delayBefore(
  attempt: number,
  { minDelayMs = 500, maxDelayMs = 30_000, factor = 2 }: ReconnectOptions,
): number {
  const longest = Math.min(maxDelayMs, minDelayMs * factor ** attempt);
  return minDelayMs + Math.random() * (longest - minDelayMs);
}

/**
 * Whether a client may come back after this. It may not where the server's app has ended the
 * connection in good order (1000), or cannot take such messages (1003). Nor may it where that
 * refuses the client: 1008, and 4400–4499 for reasons of the app.
 */
export function mayReconnect({ code }: DisconnectReason): boolean {
  return !/^(1000|1003|1008|44\d\d)$/.test(`${code}`);
}
