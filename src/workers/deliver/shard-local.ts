import type { AppConnection } from '../../shared/app/app-connection.ts';
import type { Local } from '../../shared/spread/local.ts';
import { NOBODY, type Selection } from '../../shared/spread/selection.ts';
import type { Counters } from '../shard/counters.ts';
import type { FrameDeflater } from './deflate.ts';
import type { FanOut } from './fan-out.ts';
import type { Member, Rooms } from './rooms.ts';

/** Sockets of this shard, and the number of the one that is left out, or {@link NOBODY}. */
interface Selected {
  readonly members: Iterable<Member>;
  readonly except: number;
}

/** The half of a server that is in one shard: its rooms, for each codec. */
export class ShardLocal implements Local<Selected> {
  readonly handlersOf = 'some';
  readonly #byCodec: readonly Rooms[];
  readonly #fanOut: Pick<FanOut, 'publish'>;
  readonly #deflater: FrameDeflater | undefined;
  readonly #counters: Counters;

  /** @param deflater compresses messages for clients that agreed to it; undefined: none */
  constructor(
    byCodec: readonly Rooms[],
    fanOut: Pick<FanOut, 'publish'>,
    deflater: FrameDeflater | undefined,
    counters: Counters,
  ) {
    this.#byCodec = byCodec;
    this.#fanOut = fanOut;
    this.#deflater = deflater;
    this.#counters = counters;
  }

  select(codec: number, { room, except, several }: Selection): Selected | undefined {
    const rooms = this.#byCodec[codec];
    if (several === undefined) {
      const members = rooms?.membersOf(room);
      return members && { members, except };
    }
    const members = new Set<Member>();
    for (const name of several.rooms) {
      for (const member of rooms?.membersOf(name) ?? []) {
        if (name !== '' || member.number !== except) members.add(member);
      }
    }
    for (const name of several.except) {
      for (const member of rooms?.membersOf(name) ?? []) members.delete(member);
    }
    return members.size === 0 ? undefined : { members, except: NOBODY };
  }

  deliver({ members, except }: Selected, frame: Buffer, label: string): void {
    const receivers = this.#fanOut.publish(members, except, frame, label, this.#deflater);
    this.#counters.delivered += receivers;
  }

  members(selection: Selection, speaks = (_codec: number) => true): AppConnection[] {
    const connections: AppConnection[] = [];
    for (let codec = 0; codec < this.#byCodec.length; codec++) {
      const selected = speaks(codec) ? this.select(codec, selection) : undefined;
      if (selected === undefined) continue;
      for (const { app, number } of selected.members) {
        if (app !== undefined && number !== selected.except) connections.push(app);
      }
    }
    return connections;
  }

  *rooms(): Iterable<readonly [room: string, members: number]> {
    for (const rooms of this.#byCodec) yield* rooms.sizes();
  }
}
