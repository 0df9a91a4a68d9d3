import type { AskBody } from '../../shared/ask/remote-asks.ts';
import { commandOf, joinKeys } from '../../shared/emit/commands.ts';
import { labelOf } from '../../shared/emit/selection.ts';
import {
  cloneBodyOf,
  closeOf,
  connectionOf,
  copyBody,
  flagOf,
  kindOf,
  nameOf,
  RecordKind,
  serverOf,
  severalOf,
} from '../../shared/messages/records.ts';
import { interestKey } from '../../shared/tables/interest-table.ts';
import type { ShardContext } from '../shard/shard-context.ts';
import { selectedIn } from './selected.ts';
import type { ShardServer } from './shard-server.ts';

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
  shard: ShardContext,
  servers: ReadonlyMap<number, ShardServer>,
  received: Received,
): void {
  const { record, start, end } = received;
  const serverNumber = serverOf(record, start);
  const server = servers.get(serverNumber);
  const kind = kindOf(record, start);
  if (kind === RecordKind.COMMAND) {
    receiveCommand(shard.interest, server, received);
    return;
  }
  if (kind === RecordKind.JOIN) {
    const room = nameOf(record, start);
    server?.socket(connectionOf(record, start))?.join(room);
    // The sender had counted the join in advance, whatever has become of it.
    shard.interest.remove(interestKey(serverNumber, flagOf(record, start), room));
    return;
  }
  if (server === undefined) {
    shard.load.receive(record, start);
    return;
  }
  if (kind === RecordKind.PUBLISH) {
    const room = nameOf(record, start);
    const selection = { room, except: connectionOf(record, start) };
    const selected = selectedIn(server.rooms[flagOf(record, start)], selection);
    if (selected !== undefined) server.deliver(selected, copyBody(record, start, end), room);
    return;
  }
  if (receiveForServer(server, kind, received)) return;
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

/** Carries out a record that is about no single connection; false: it is about one. */
function receiveForServer(server: ShardServer, kind: number, received: Received): boolean {
  const { record, start, end, from } = received;
  switch (kind) {
    case RecordKind.PUBLISH_SEVERAL: {
      const { several, frameStart } = severalOf(record, start);
      const except = connectionOf(record, start);
      const selection = { room: '', except, several };
      const selected = selectedIn(server.rooms[flagOf(record, start)], selection);
      if (selected !== undefined) {
        const frame = Buffer.from(record.subarray(frameStart, end));
        server.deliver(selected, frame, labelOf(selection));
      }
      return true;
    }
    case RecordKind.ASK: {
      const body = cloneBodyOf<AskBody>(record, start, end);
      server.asks.answer(body, nameOf(record, start), connectionOf(record, start));
      return true;
    }
    case RecordKind.ASK_RESULT:
      server.asks.receive(from, cloneBodyOf(record, start, end));
      return true;
    case RecordKind.QUERY:
      server.lists.answer(cloneBodyOf(record, start, end));
      return true;
    case RecordKind.QUERY_RESULT:
      server.lists.receive(from, cloneBodyOf(record, start, end));
      return true;
    default:
      return false;
  }
}

/** The sender had counted a join in advance, whatever becomes of it. */
function receiveCommand(
  interest: ShardContext['interest'],
  server: ShardServer | undefined,
  { record, start, end }: Received,
): void {
  const { command, selection } = commandOf(record, start, end);
  server?.carryOut(selection, command);
  if (command.do !== 'join') return;
  for (const key of joinKeys(serverOf(record, start), flagOf(record, start), command.room)) {
    interest.remove(key);
  }
}
