import type { RefusalTerms } from '../../shared/api/refusal.ts';
import type { ConnectionLink } from '../../shared/app/connection-link.ts';
import { type Codec, impliesAnswers, type Message } from '../../shared/codec/codec.ts';
import {
  encodeCloseRecord,
  encodeFrameRecord,
  encodeRecord,
  RecordKind,
} from '../../shared/messages/records.ts';
import type { SpreadOptions } from '../../shared/spread/spread-options.ts';
import { interestKey } from '../../shared/tables/interest-table.ts';
import type { Handshake } from '../admit/handshake-check.ts';
import { RoomSizes } from './room-sizes.ts';

/** A server as the link of one of its connections needs it. */
export type LinkContext = Pick<SpreadOptions<never>, 'number' | 'codecs' | 'peers' | 'counters'>;

/** The way from a connection's closures to its socket: records to the shard that owns it. */
export class RemoteLink implements ConnectionLink {
  readonly number: number;
  readonly shard: number;
  rooms: Set<string> | undefined;
  readonly codec: Codec;
  readonly answersAsks: boolean;
  readonly #server: LinkContext;
  readonly #codec: number;
  readonly #id: string;
  readonly #sizes: RoomSizes;
  #isCounted = false;

  /** @param sizes counts it in its rooms, and in those of its id and of all */
  constructor(
    server: LinkContext,
    { codec, protocol }: Handshake,
    connection: number,
    shard: number,
    id = '',
    sizes = new RoomSizes(),
  ) {
    this.#server = server;
    this.#id = id;
    this.#sizes = sizes;
    this.#codec = codec;
    this.answersAsks = impliesAnswers(protocol);
    this.codec = server.codecs[codec] as Codec;
    this.number = connection;
    this.shard = shard;
  }

  /** Tells the shard that the closures are about to be told: it gets their messages from now on. */
  enter(): void {
    this.#sendAlways(RecordKind.ENTER);
    this.#isCounted = true;
    for (const room of ['', this.#id]) this.#sizes.add(room);
  }

  /** Counts it in no room any more: it has ended, or is about to. */
  uncount(): void {
    if (!this.#isCounted) return;
    this.#isCounted = false;
    for (const room of ['', this.#id, ...(this.rooms ?? [])]) this.#sizes.remove(room);
  }

  /** Tells the shard that the closures have been told: the client may be, too. */
  open(): void {
    this.#sendAlways(RecordKind.OPEN);
  }

  /** Tells the shard that the closures know of the end: the client may be answered. */
  concluded(): void {
    this.#sendAlways(RecordKind.CONCLUDED);
  }

  /** Tells the shard that the closures refuse the client, with an HTTP error in place of the 101. */
  refuse({ status, message, headers }: RefusalTerms): void {
    const body = Buffer.from(JSON.stringify({ status, message, headers }));
    const record = encodeRecord(this.#header(RecordKind.REFUSE), body);
    this.#server.peers.sendAlways(this.shard, record);
  }

  hold(): void {
    this.#sendAlways(RecordKind.HOLD);
  }

  release(): void {
    this.#sendAlways(RecordKind.RELEASE);
  }

  send(message: Message): void {
    this.#send(encodeFrameRecord(this.#header(RecordKind.SEND), message));
    this.#server.counters.emitted += 1;
  }

  sendProbeAnswer(message: Message): void {
    const header = { ...this.#header(RecordKind.SEND), isProbeAnswer: true };
    // Past the limit of the outbox: each is the answer to a record that has been taken out of one.
    this.#server.peers.sendAlways(this.shard, encodeFrameRecord(header, message));
    this.#server.counters.emitted += 1;
  }

  join(room: string): void {
    const interest = this.#server.peers.interest.of(this.shard);
    const key = interestKey(this.#server.number, this.#codec, room);
    // The join counts from now on; the shard takes this back when it has counted it itself.
    interest?.add(key);
    try {
      this.#send(encodeRecord({ ...this.#header(RecordKind.JOIN, room), codec: this.#codec }));
    } catch (error) {
      interest?.remove(key);
      throw error;
    }
    this.rooms ??= new Set();
    this.rooms.add(room);
    this.#sizes.add(room);
  }

  leave(room: string): void {
    this.#send(encodeRecord(this.#header(RecordKind.LEAVE, room)));
    this.rooms?.delete(room);
    if (this.#isCounted) this.#sizes.remove(room);
  }

  disconnect(code: number, reason: string, owesAnswers: boolean): void {
    const header = { ...this.#header(RecordKind.DISCONNECT), owesAnswers };
    this.#send(encodeCloseRecord(header, code, reason));
    this.uncount();
  }

  #send(record: Buffer): void {
    this.#server.peers.send([{ peers: [this.shard], record }]);
  }

  #sendAlways(kind: RecordKind): void {
    this.#server.peers.sendAlways(this.shard, encodeRecord(this.#header(kind)));
  }

  #header(kind: RecordKind, name = '') {
    return { kind, server: this.#server.number, connection: this.number, name };
  }
}
