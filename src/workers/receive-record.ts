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
import { type AskBody, decodeBody } from '../shared/remote-asks.ts';
import type { ShardContext, ShardServer } from './shard-server.ts';

/** A record: the bytes from `start` to `end` of a ring, only valid during the call. */
export interface Received {
  readonly record: Buffer;
  readonly start: number;
  readonly end: number;
  /** The thread that sent it, as a peer. */
  readonly from: number;
}

/**
 * Carries out one record that a mailbox has read. What it is about may be gone by now: a closed
 * connection, a removed server. Such a record is of no consequence.
 */
export function receiveRecord(
  { interest }: ShardContext,
  servers: ReadonlyMap<number, ShardServer>,
  { record, start, end, from }: Received,
): void {
  const serverNumber = serverOf(record, start);
  const server = servers.get(serverNumber);
  const kind = kindOf(record, start);
  if (kind === RecordKind.JOIN) {
    const room = nameOf(record, start);
    server?.socket(connectionOf(record, start))?.join(room);
    // The sender had counted the join in advance, whatever has become of it.
    interest.remove(interestKey(serverNumber, flagOf(record, start), room));
    return;
  }
  if (server === undefined) return;
  if (kind === RecordKind.PUBLISH) {
    const room = nameOf(record, start);
    const members = server.membersOf(flagOf(record, start), room);
    if (members === undefined) return;
    server.deliver(members, connectionOf(record, start), copyBody(record, start, end), room);
    return;
  }
  if (kind === RecordKind.ASK) {
    const body = decodeBody<AskBody>(copyBody(record, start, end));
    server.answerAsk(body, nameOf(record, start), connectionOf(record, start));
    return;
  }
  if (kind === RecordKind.ASK_RESULT) {
    server.receiveResult(from, decodeBody(copyBody(record, start, end)));
    return;
  }
  const socket = server.socket(connectionOf(record, start));
  if (socket === undefined) {
    if (kind === RecordKind.SEND) server.counters.droppedClosed += 1;
    return;
  }
  switch (kind) {
    case RecordKind.SEND:
      socket.sendFrame(copyBody(record, start, end));
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
    case RecordKind.LEAVE:
      socket.leave(nameOf(record, start));
      return;
    case RecordKind.DISCONNECT: {
      const { code, reason } = closeOf(record, start, end);
      socket.disconnect(code, reason);
    }
  }
}
