import { strict as assert } from 'node:assert';
import type { CodecChoice } from '../../../src/shared/codec/codec.ts';
import { createCodecs } from '../../../src/shared/codec/codecs.ts';
import type { RoutedRecord } from '../../../src/shared/ring/tick-loop.ts';
import { type Local, NOWHERE } from '../../../src/shared/spread/local.ts';
import type { SpreadOptions } from '../../../src/shared/spread/spread-options.ts';
import { SpreadServer } from '../../../src/shared/spread/spread-server.ts';
import {
  InterestMap,
  InterestTable,
  interestKey,
} from '../../../src/shared/tables/interest-table.ts';
import { CountsMap } from '../../../src/shared/tables/room-counts.ts';

export const SERVER = 3;
/** The thread in which the server is. */
export const SELF = 9;

const LIMITS = { maxRooms: 2, maxRoomNameBytes: 8, maxEventNameBytes: 16, maxPendingAsks: 3 };

/** The server of {@link openSpread} as options: peers are tables, and a list of what was sent. */
export function spreadOptions(codec: CodecChoice = 'negotiate', shards = [1, 2, 4]) {
  const interest = new InterestMap();
  for (const shard of shards) interest.set(shard, InterestTable.allocate());
  const sent: RoutedRecord[] = [];
  const fails: { with?: Error } = {};
  const options: SpreadOptions<unknown> = {
    number: SERVER,
    endpoint: '/spread',
    limits: LIMITS,
    codecs: createCodecs({ codec, eventPrefix: '>', maxEventNameBytes: 16 }),
    peers: {
      self: SELF,
      interest,
      counts: new CountsMap(),
      send: (records) => {
        if (fails.with !== undefined) throw fails.with;
        sent.push(...records);
      },
      sendAlways: (peer, record) => sent.push({ peers: [peer], record }),
    },
    local: NOWHERE,
    counters: { emitted: 0 },
    report: (error) => assert.fail(error),
  };
  /** Somebody in a shard joins a room. */
  const join = (shard: number, codec: number, room: string) =>
    interest.of(shard)?.add(interestKey(SERVER, codec, room));
  return { options, interest, sent, fails, join };
}

/** A server in a thread of which the rest is made up. */
export function openSpread(parts: { codec?: CodecChoice; local?: Partial<Local<unknown>> } = {}) {
  const { options, ...rest } = spreadOptions(parts.codec);
  const server = new SpreadServer({ ...options, local: { ...NOWHERE, ...parts.local } });
  return { server, codecs: options.codecs, counters: options.counters, ...rest };
}
