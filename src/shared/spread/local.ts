import type { Askable } from '../ask/ask.ts';
import type { Commanded } from './command.ts';
import type { Listed } from './listing.ts';
import type { Selection } from './selection.ts';

/** A connection whose handlers run in this thread. */
export interface Member extends Askable, Commanded, Listed {}

/**
 * The half of a server that is in one thread: the sockets that it delivers frames to, and the
 * connections whose handlers run there.
 */
export interface Local<Chosen> {
  /** The connections whose handlers run here; with 'all', no peer has to be asked. */
  readonly handlersOf: 'all' | 'some' | 'none';
  /** Sockets of a selection that speak a codec; undefined where there are none. */
  select(codec: number, selection: Selection): Chosen | undefined;
  /**
   * Delivers a frame.
   * @param label names the target for connections that keep only the latest message of each
   */
  deliver(chosen: Chosen, frame: Buffer, label: string): void;
  /** Connections of a selection whose handlers run here and that speak one of the codecs. */
  members(selection: Selection, speaks?: (codec: number) => boolean): Member[];
  /** The rooms here with the number of their members; a room may come once for each codec. */
  rooms(): Iterable<readonly [room: string, members: number]>;
  /** The number of connections in a room, '' = all; left out where the shards' tables know best. */
  count?(room: string): number;
}

/** A thread that has no connection of a server: an emitter, or the primary beside a handler module. */
export const NOWHERE: Local<never> = {
  handlersOf: 'none',
  select: () => undefined,
  deliver: () => {},
  members: () => [],
  rooms: () => [],
};
