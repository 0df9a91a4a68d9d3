import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { ServerEntry } from '../../../src/main/servers/server-entry.ts';
import { hearOfServer } from '../../../src/main/servers/server-news.ts';
import type { ShardHost } from '../../../src/main/shards/shard-host.ts';
import { EngineError, serializeError } from '../../../src/shared/api/errors.ts';

interface Case {
  readonly hasBeenReady: boolean;
  readonly isClosed: boolean;
  /** Connections in the shard, of the server and of all. */
  readonly own: number;
  readonly all: number;
}

const REPLACEMENT: Case = { hasBeenReady: true, isClosed: false, own: 0, all: 0 };

for (const [title, isCut, one] of [
  ['is cut', true, REPLACEMENT],
  ['is cut where upgrades wait for the server', true, { ...REPLACEMENT, own: 2, all: 2 }],
  ['is left to other servers that have connections', false, { ...REPLACEMENT, own: 2, all: 3 }],
  ['is left alone where the server never was', false, { ...REPLACEMENT, hasBeenReady: false }],
  ['is left alone where the server is no more', false, { ...REPLACEMENT, isClosed: true }],
] as const satisfies [string, boolean, Case][]) {
  test(`a shard that cannot load a server ${title}`, () => {
    const cuts: unknown[] = [];
    const reports: EngineError[] = [];
    const host = {
      number: 1,
      connections: one.all,
      loading: new Set([7]),
      cut: (cause: unknown) => cuts.push(cause),
    };
    const { hasBeenReady, isClosed } = one;
    const rollout = { hasBeenReady, added() {} };
    const entry = { isClosed, rollout, connectionsIn: () => one.own };
    const error = serializeError(new EngineError('ERR_HANDLERS_LOAD', 'not this time'));
    hearOfServer(
      entry as unknown as ServerEntry,
      host as unknown as ShardHost,
      { type: 'server-added', server: 7, error },
      (reported) => reports.push(reported),
    );
    assert.equal(reports[0]?.code, 'ERR_HANDLERS_LOAD');
    assert.deepEqual(cuts, isCut ? reports : []);
    assert.equal(host.loading.has(7), isCut, 'it is not thought to load any more');
  });
}
