import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as Client from '../../../src/client/index.ts';
import { Ws } from '../../../src/client/index.ts';
import { resolveListenOptions } from '../../../src/main/accept/listener.ts';
import type * as Main from '../../../src/main/index.ts';
import { resolveCompression } from '../../../src/shared/options/compression-options.ts';
import { resolveCloseOptions } from '../../../src/shared/options/engine-options.ts';

/** With exactOptionalPropertyTypes: whether each option may be given as undefined. */
type TakesUndefined<Options> =
  Record<keyof Options, undefined> extends Required<Options> ? true : false;

/** Every public interface of options. */
export const TAKES_UNDEFINED: readonly true[] = [
  true satisfies TakesUndefined<Main.EngineOptions>,
  true satisfies TakesUndefined<Main.ServerOptions>,
  true satisfies TakesUndefined<Main.CompressionOptions>,
  true satisfies TakesUndefined<Main.RateLimit>,
  true satisfies TakesUndefined<Main.ListenOptions>,
  true satisfies TakesUndefined<Main.TlsIdentity>,
  true satisfies TakesUndefined<Main.TlsOptions>,
  true satisfies TakesUndefined<Main.CloseOptions>,
  true satisfies TakesUndefined<Main.StatsOptions>,
  true satisfies TakesUndefined<Main.ListOptions>,
  true satisfies TakesUndefined<Main.AckOptions>,
  true satisfies TakesUndefined<Client.AckOptions>,
  true satisfies TakesUndefined<Client.WsOptions>,
  true satisfies TakesUndefined<Client.ReconnectOptions>,
];

for (const [name, resolve] of [
  ['compression', resolveCompression],
  ['listen', resolveListenOptions],
  ['close', resolveCloseOptions],
] as const) {
  test(`an option of ${name} that is undefined counts as left out`, () => {
    const defaults = { ...resolve({}) };
    assert.deepEqual({ ...resolve(blank(Object.keys(defaults))) }, defaults);
  });
}

test('an option of a client that is undefined counts as left out', () => {
  const reconnect = { factor: undefined, maxDelayMs: undefined, shouldReconnect: undefined };
  const options = { codec: undefined, eventPrefix: undefined, WebSocket: undefined };
  for (const each of [
    { ...options, reconnect },
    { ...options, reconnect: undefined },
  ]) {
    const ws = new Ws('ws://127.0.0.1:1/', undefined, each);
    assert.equal(ws.state, 'connecting');
    ws.close();
  }
});

function blank(names: readonly string[]): Readonly<Record<string, undefined>> {
  return Object.fromEntries(names.map((name) => [name, undefined]));
}
