import { connectionOf, encodeRecord, nameOf, RecordKind, textBodyOf } from '../messages/records.ts';
import { interestKey } from '../tables/interest-table.ts';
import type { ReachedServer } from './outlet.ts';
import { type Selection, type Several, shardsOfAnyCodec } from './selection.ts';

/** What connections shall do, said from outside. */
export type Command =
  | { readonly do: 'join'; readonly room: string }
  | { readonly do: 'leave'; readonly room: string }
  | { readonly do: 'disconnect'; readonly code: number; readonly reason: string };

interface CommandBody {
  readonly command: Command;
  readonly several?: Several | undefined;
}

/** What a command is carried out on. */
export interface Commanded {
  join(room: string): void;
  leave(room: string): boolean;
  disconnect(code: number, reason: string): void;
  handlerThrew(thrown: unknown, of: string): void;
}

/** Carries out a command; a connection that cannot tells its own handlers. */
export function carryOut(command: Command, connections: Iterable<Commanded>): void {
  for (const connection of connections) {
    try {
      if (command.do === 'join') connection.join(command.room);
      else if (command.do === 'leave') connection.leave(command.room);
      else connection.disconnect(command.code, command.reason);
    } catch (thrown) {
      connection.handlerThrew(thrown, command.do);
    }
  }
}

/**
 * Sends a command to every shard that may have somebody of a selection. A join counts from then on:
 * the shards take that back when they have carried it out.
 * @throws EngineError ERR_OUTBOX_FULL, and then no shard has got it
 */
export function sendCommand(
  { number: server, codecs, outlet }: ReachedServer,
  selection: Selection,
  command: Command,
): void {
  const { interest } = outlet;
  const peers = shardsOfAnyCodec(interest, server, codecs.length, selection);
  if (peers.length === 0) return;
  const { room: name, except: connection, several } = selection;
  const header = { kind: RecordKind.COMMAND, server, connection, name, flag: codecs.length };
  const body: CommandBody = { command, several };
  const record = encodeRecord(header, Buffer.from(JSON.stringify(body)));
  const keys = command.do === 'join' ? joinKeys(server, codecs.length, command.room) : [];
  for (const shard of peers) for (const key of keys) interest.of(shard)?.add(key);
  try {
    outlet.send([{ peers, record }]);
  } catch (error) {
    for (const shard of peers) for (const key of keys) interest.of(shard)?.remove(key);
    throw error;
  }
}

/** What a sender counts in advance for a join: of which codec they are who join it cannot know. */
export function joinKeys(server: number, codecs: number, room: string): number[] {
  return Array.from({ length: codecs }, (_, codec) => interestKey(server, codec, room));
}

/** The command in a COMMAND record, and to whom it goes. */
export function commandOf(record: Buffer, start: number, end: number) {
  const { command, several } = JSON.parse(textBodyOf(record, start, end)) as CommandBody;
  const room = nameOf(record, start);
  const selection: Selection = {
    ...{ room, except: connectionOf(record, start) },
    ...(several && { several }),
  };
  return { command, selection };
}
