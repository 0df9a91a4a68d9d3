import { interestKey } from '../shared/interest-table.ts';
import {
  closeOf,
  connectionOf,
  copyBody,
  flagOf,
  kindOf,
  nameOf,
  RecordKind,
  serverOf,
} from '../shared/records.ts';
import type { ShardContext, ShardServer } from './shard-server.ts';

/**
 * Carries out one record that a mailbox has read. What it is about may be gone by now: a closed
 * connection, a removed server. Such a record is of no consequence.
 *
 * @param record the bytes from `start` to `end` of it are only valid during the call
 */
export function receiveRecord(
  { interest }: ShardContext,
  servers: ReadonlyMap<number, ShardServer>,
  record: Buffer,
  start: number,
  end: number,
): void {
  const serverNumber = serverOf(record, start);
  const server = servers.get(serverNumber);
  if (kindOf(record, start) === RecordKind.JOIN) {
    const room = nameOf(record, start);
    server?.socket(connectionOf(record, start))?.join(room);
    // The sender had counted the join in advance, whatever has become of it.
    interest.remove(interestKey(serverNumber, room));
    return;
  }
  if (server === undefined) return;
  if (kindOf(record, start) === RecordKind.PUBLISH) {
    const room = flagOf(record, start) === 1 ? '' : nameOf(record, start);
    const members = server.membersOf(room);
    server.fanOut.publish(members, connectionOf(record, start), copyBody(record, start, end));
    return;
  }
  const socket = server.socket(connectionOf(record, start));
  if (socket === undefined) return;
  switch (kindOf(record, start)) {
    case RecordKind.SEND:
      socket.sendFrame(copyBody(record, start, end));
      return;
    case RecordKind.ENTER:
      socket.enter();
      return;
    case RecordKind.OPEN:
      socket.open();
      return;
    case RecordKind.LEAVE:
      socket.leave(nameOf(record, start));
      return;
    case RecordKind.DISCONNECT: {
      const { code, reason } = closeOf(record, start, end);
      socket.disconnect(code, reason);
    }
  }
}
