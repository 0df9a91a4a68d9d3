// What the script for pages has in place of some files, so that all of it fits into 4 KiB: the same
// errors with fewer words, and of the checks only the one without which a mistake stays unseen.

import type { EngineError as FullError } from '../shared/api/errors.ts';
import type { Handler, OnThrown } from '../shared/app/handler-calls.ts';
import { CODEC_SUBPROTOCOLS } from '../shared/codec/codec.ts';
import type { AckOptions } from './event-types.ts';
import type { WsOptions } from './options.ts';

// ── in place of errors.ts ────────────────────────────────────────────────────────────────────

export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: FullError['code'];

  constructor(code: FullError['code'], message: string = code, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function messageOf(thrown: unknown): string {
  return String((thrown as Error | undefined)?.message ?? thrown);
}

// ── in place of ack-timeout.ts ───────────────────────────────────────────────────────────────

export function ackTimeout({ timeoutMs = 10_000 }: AckOptions = {}): number {
  return timeoutMs;
}

// ── in place of handler-calls.ts ─────────────────────────────────────────────────────────────

export function callHandler<Argument>(
  handler: Handler<Argument>,
  argument: Argument,
  of: string,
  onThrown: OnThrown,
): void {
  firstAnswer([handler], argument).catch((thrown) => onThrown(thrown, of));
}

/** Of several that fail the first alone is reported. */
export async function firstAnswer<Argument>(
  handlers: readonly Handler<Argument>[],
  argument: Argument,
): Promise<unknown> {
  const results = await Promise.all(handlers.map(async (handler) => handler(argument)));
  return results.find((result) => result !== undefined);
}

export function addHandler<Key, Value>(lists: Map<Key, Value[]>, key: Key, handler: Value): void {
  lists.set(key, [...(lists.get(key) ?? []), handler]);
}

// ── in place of checks.ts: browsers refuse what a WebSocket cannot close with ────────────────

export function checkClient(_url: unknown, _protocols: unknown, { codec }: WsOptions): void {
  if (codec && !CODEC_SUBPROTOCOLS[codec]) throw new EngineError('ERR_OPTION', `codec: ${codec}`);
}

export function checkClose(): void {}

export function checkEvent(): void {}

export function checkListener(): void {}

// ── in place of event-prefix.ts: whoever serves the script puts the prefix at its head ────────

declare const EVENT_PREFIX: string;

export const DEFAULT_EVENT_PREFIX: string = EVENT_PREFIX;

// ── in place of node-web-socket.ts ───────────────────────────────────────────────────────────

export function terminate(): void {}

export function messageOfEvent(_event: unknown, otherwise: string): string {
  return otherwise;
}
