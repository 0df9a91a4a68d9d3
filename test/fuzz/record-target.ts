import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RecordView } from '../../src/shared/messages/record-view.ts';
import { encodeRecord, RecordKind } from '../../src/shared/messages/records.ts';
import { NOWHERE } from '../../src/shared/spread/local.ts';
import { SpreadServer } from '../../src/shared/spread/spread-server.ts';
import { InterestTable } from '../../src/shared/tables/interest-table.ts';
import { receiveRecord } from '../../src/workers/deliver/receive-record.ts';
import type { ShardServer } from '../../src/workers/deliver/shard-server.ts';
import { Counters } from '../../src/workers/shard/counters.ts';
import type { ShardContext } from '../../src/workers/shard/shard-context.ts';
import { openPair } from '../shared/ring/open-mailbox.ts';
import { SERVER, spreadOptions } from '../shared/spread/open-spread.ts';
import type { FuzzTarget } from './target.ts';

const CONNECTION = 7;

/** A shard with one server and one connection, which takes whatever it is told. */
function openShard() {
  const sent: unknown[] = [];
  const ignore = () => {};
  const socket = {
    ...{ open: ignore, enter: ignore, concluded: ignore, join: ignore, leave: ignore },
    ...{ disconnect: ignore, sendFrame: (frame: Buffer) => sent.push(frame.toString('latin1')) },
  };
  const server = {
    socket: (connection: number) => (connection === CONNECTION ? socket : undefined),
    spread: new SpreadServer({
      ...spreadOptions('text').options,
      local: { ...NOWHERE, select: (_, { room }) => (room === 'empty' ? undefined : []) },
    }),
    counters: new Counters(),
  } as unknown as ShardServer;
  const interest = new InterestTable(InterestTable.allocate());
  const servers = new Map([[SERVER, server]]);
  const context = { interest, load: { receive: () => {} } } as unknown as ShardContext;
  const view = new RecordView();
  const onRecord = (record: Buffer, start: number, end: number, from: number) =>
    receiveRecord(context, servers, view.at(record, start, end, from));
  return { onRecord, sent };
}

const headers = fc.record({
  kind: fc.constantFrom(...Object.values(RecordKind)),
  server: fc.constantFrom(SERVER, SERVER, 2),
  connection: fc.constantFrom(CONNECTION, CONNECTION, 0, 8),
  name: fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.constant('empty')),
  codec: fc.nat(255),
});
const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 });

/**
 * Only threads of the engine write records, so a broken one is a defect of ours: it is reported,
 * and the record behind it is carried out. Nothing throws, nothing is wedged.
 */
export const recordTarget: FuzzTarget = {
  name: 'records',
  share: 100,
  property: () => {
    const { onRecord, sent } = openShard();
    const [sender, receiver] = openPair({ onRecord });
    return fc.property(
      headers,
      fc.uint8Array({ maxLength: 300 }),
      edits,
      fc.option(fc.nat(), { nil: null }),
      (header, body, changes, end) => {
        const record = encodeRecord(header, body);
        for (const [at, byte] of changes) record[at % record.length] = byte;
        const whole = Buffer.from('behind');
        const next = { kind: RecordKind.SEND, server: SERVER, connection: CONNECTION };
        sender.mailbox.send([2], end === null ? record : record.subarray(0, end % record.length));
        sender.mailbox.send([2], encodeRecord(next, whole));
        while (receiver.mailbox.drain()) sender.mailbox.flush();
        assert.equal(sent.pop(), 'behind');
        assert.ok(receiver.errors.length <= 1, 'one record is one error');
        sent.length = 0;
        receiver.errors.length = 0;
      },
    );
  },
};
