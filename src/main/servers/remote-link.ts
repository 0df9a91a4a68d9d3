import type { ConnectionLink } from '../../shared/app/app-connection.ts';
import { type Codec, impliesAnswers, type Message } from '../../shared/codec/codec.ts';
import type { Outlet } from '../../shared/emit/outlet.ts';
import type { ServerScope } from '../../shared/emit/target-emitter.ts';
import {
  encodeCloseRecord,
  encodeFrameRecord,
  encodeRecord,
  RecordKind,
} from '../../shared/messages/records.ts';
import { interestKey } from '../../shared/tables/interest-table.ts';
import type { Handshake } from '../admit/handshake-check.ts';

/** How records go from the primary to shards. */
export interface RecordOutlet extends Outlet {
  /** Sends a record past the bound, where what causes it bounds it already. */
  sendAlways(shard: number, record: Buffer): void;
}

/** What a connection's closures ask for, as records to the shard that owns its socket. */
export class RemoteLink implements ConnectionLink {
  readonly number: number;
  readonly shard: number;
  rooms: Set<string> | undefined;
  readonly codec: Codec;
  readonly answersAsks: boolean;
  readonly #server: number;
  readonly #counters: { emitted: number };
  readonly #codec: number;
  readonly #outlet: RecordOutlet;

  constructor(
    server: ServerScope & { readonly counters: { emitted: number } },
    { codec, protocol }: Handshake,
    connection: number,
    shard: number,
    outlet: RecordOutlet,
  ) {
    this.#server = server.number;
    this.#counters = server.counters;
    this.#codec = codec;
    this.answersAsks = impliesAnswers(protocol);
    this.codec = server.codecs[codec] as Codec;
    this.number = connection;
    this.shard = shard;
    this.#outlet = outlet;
  }

  /** The closures are about to be told of it: what they send to everyone shall reach it too. */
  enter(): void {
    this.#outlet.sendAlways(this.shard, encodeRecord(this.#header(RecordKind.ENTER)));
  }

  /** The closures have been told of it: the client may be, too. */
  open(): void {
    this.#outlet.sendAlways(this.shard, encodeRecord(this.#header(RecordKind.OPEN)));
  }

  /** The closures have been told of its end: the client may be answered. */
  concluded(): void {
    this.#outlet.sendAlways(this.shard, encodeRecord(this.#header(RecordKind.CONCLUDED)));
  }

  send(message: Message): void {
    this.#send(encodeFrameRecord(this.#header(RecordKind.SEND), message));
    this.#counters.emitted += 1;
  }

  join(room: string): void {
    const interest = this.#outlet.interest.of(this.shard);
    const key = interestKey(this.#server, this.#codec, room);
    // The join counts from now on: the shard takes this back when it has counted it itself.
    interest?.add(key);
    try {
      this.#send(encodeRecord({ ...this.#header(RecordKind.JOIN, room), flag: this.#codec }));
    } catch (error) {
      interest?.remove(key);
      throw error;
    }
    this.rooms ??= new Set();
    this.rooms.add(room);
  }

  leave(room: string): void {
    this.#send(encodeRecord(this.#header(RecordKind.LEAVE, room)));
    this.rooms?.delete(room);
  }

  disconnect(code: number, reason: string): void {
    this.#send(encodeCloseRecord(this.#header(RecordKind.DISCONNECT), code, reason));
  }

  #send(record: Buffer): void {
    this.#outlet.send([{ peers: [this.shard], record }]);
  }

  #header(kind: RecordKind, name = '') {
    return { kind, server: this.#server, connection: this.number, name };
  }
}
