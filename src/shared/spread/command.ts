import type { RecordView } from '../messages/record-view.ts';
import { encodeRecord, RecordKind } from '../messages/records.ts';
import { type InterestMap, interestKey } from '../tables/interest-table.ts';
import type { Selection, Several } from './selection.ts';

/** An order to connections, from outside. */
export type Command =
  | { readonly do: 'join'; readonly room: string }
  | { readonly do: 'leave'; readonly room: string }
  | { readonly do: 'disconnect'; readonly code: number; readonly reason: string };

interface CommandBody {
  readonly command: Command;
  readonly several?: Several | undefined;
}

/** A connection that commands are carried out on. */
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

/** The record of a command; `codecs`: the number of codecs of the server. */
export function encodeCommand(
  server: number,
  codecs: number,
  selection: Selection,
  command: Command,
): Buffer {
  const { room: name, except: connection, several } = selection;
  const body: CommandBody = { command, several };
  const header = { kind: RecordKind.COMMAND, server, connection, name, codecs };
  return encodeRecord(header, Buffer.from(JSON.stringify(body)));
}

/** The command in a COMMAND record, and the selection that it is for. */
export function decodeCommand(record: RecordView): { command: Command; selection: Selection } {
  const { command, several } = record.json<CommandBody>();
  const { name: room, connection: except } = record;
  return { command, selection: { room, except, ...(several && { several }) } };
}

/**
 * Sends a command. A join counts from the moment it is sent, so the sender adds its keys to the
 * tables of the peers first. A peer takes that back when it has carried the command out.
 * @throws any error of `send`, and then nothing counts
 */
export function countAhead(
  interest: InterestMap,
  peers: readonly number[],
  keys: readonly number[],
  send: () => void,
): void {
  for (const peer of peers) for (const key of keys) interest.of(peer)?.add(key);
  try {
    send();
  } catch (error) {
    for (const peer of peers) for (const key of keys) interest.of(peer)?.remove(key);
    throw error;
  }
}

/** The keys of a join from outside: of every codec, since the sender does not know the members'. */
export function joinKeys(server: number, codecs: number, command: Command): number[] {
  if (command.do !== 'join') return [];
  return Array.from({ length: codecs }, (_, codec) => interestKey(server, codec, command.room));
}
