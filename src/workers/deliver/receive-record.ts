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
  const server = servers.get(record.server);
  switch (record.kind) {
    case RecordKind.PROBE:
      shard.load.receive(record);
      return;
    case RecordKind.COMMAND:
      receiveCommand(shard.interest, server, record);
      return;
    case RecordKind.JOIN:
      server?.socket(record.connection)?.join(record.name);
      // The sender had counted the join ahead, also where it is a no-op here.
      shard.interest.remove(interestKey(record.server, record.codec, record.name));
      return;
    default:
      if (server !== undefined && !server.spread.receive(record)) receiveForSocket(server, record);
  }
}

/** Carries out a command from outside, and takes back the joins that its sender had counted ahead. */
function receiveCommand(
  interest: InterestTable,
  server: ShardServer | undefined,
  record: RecordView,
): void {
  const { command, selection } = decodeCommand(record);
  server?.spread.obey(selection, command);
  for (const key of joinKeys(record.server, record.codecs, command)) interest.remove(key);
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
    case RecordKind.REFUSE:
      socket.refuse(record.json());
      return;
    case RecordKind.HOLD:
      socket.hold();
      return;
    case RecordKind.RELEASE:
      socket.release();
      return;
    case RecordKind.CONCLUDED:
      socket.concluded();
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
