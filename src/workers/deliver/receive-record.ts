import type { RecordView } from '../../shared/messages/record-view.ts';
import { RecordKind } from '../../shared/messages/records.ts';
import { decodeCommand, joinKeys } from '../../shared/spread/command.ts';
import { type InterestTable, interestKey } from '../../shared/tables/interest-table.ts';
import type { ShardContext } from '../shard/shard-context.ts';
import type { ShardServer } from './shard-server.ts';

/**
 * Carries out one record that a mailbox has read. It is a no-op if its connection has closed or its
 * server has been removed.
 */
export function receiveRecord(
  shard: Pick<ShardContext, 'interest' | 'load'>,
  servers: ReadonlyMap<number, ShardServer>,
  record: RecordView,
): void {
  if (record.kind === RecordKind.PROBE) {
    shard.load.receive(record);
    return;
  }
  const server = servers.get(record.server);
  if (server !== undefined && !server.spread.receive(record)) receiveForSocket(server, record);
  takeBack(shard.interest, record);
}

/** Carries out a record of the closures for one connection. */
function receiveForSocket(server: ShardServer, record: RecordView): void {
  const socket = server.socket(record.connection);
  if (socket === undefined) {
    if (record.kind === RecordKind.SEND) server.counters.droppedClosed += 1;
    return;
  }
  switch (record.kind) {
    case RecordKind.SEND:
      if (record.isProbeAnswer) socket.sendNewest('probe', record.copyBody());
      else socket.sendFrame(record.copyBody());
      return;
    case RecordKind.ENTER:
      socket.enter();
      return;
    case RecordKind.OPEN:
      socket.open();
      return;
    case RecordKind.CONCLUDED:
      socket.concluded();
      return;
    case RecordKind.JOIN:
      socket.join(record.name);
      return;
    case RecordKind.LEAVE:
      socket.leave(record.name);
      return;
    case RecordKind.DISCONNECT: {
      const { code, reason } = record.close();
      socket.disconnect(code, reason, record.owesAnswers);
    }
  }
}

/** Takes back the joins that the sender had counted ahead, also where they were no-ops. */
function takeBack(interest: InterestTable, record: RecordView): void {
  if (record.kind === RecordKind.JOIN) {
    interest.remove(interestKey(record.server, record.codec, record.name));
  } else if (record.kind === RecordKind.COMMAND) {
    const { command } = decodeCommand(record);
    for (const key of joinKeys(record.server, record.codecs, command)) interest.remove(key);
  }
}
