import type { Message } from '../shared/codec.ts';
import type { ConnectionLink } from '../shared/connection-face.ts';
import {
  encodeCloseRecord,
  encodeFrameRecord,
  encodeRecord,
  RecordKind,
} from '../shared/records.ts';

/** What a connection's closures ask for, as records to the shard that owns its socket. */
export class RemoteLink implements ConnectionLink {
  readonly number: number;
  readonly shard: number;
  rooms: Set<string> | undefined;
  readonly #server: number;
  readonly #sendTo: (shard: number, record: Buffer) => void;

  /** @param sendTo throws EngineError ERR_OUTBOX_FULL */
  constructor(
    server: number,
    connection: number,
    shard: number,
    sendTo: (shard: number, record: Buffer) => void,
  ) {
    this.#server = server;
    this.number = connection;
    this.shard = shard;
    this.#sendTo = sendTo;
  }

  send(message: Message): void {
    this.#sendTo(this.shard, encodeFrameRecord(this.#header(RecordKind.SEND), message));
  }

  join(room: string): void {
    this.#sendTo(this.shard, encodeRecord(this.#header(RecordKind.JOIN, room)));
    this.rooms ??= new Set();
    this.rooms.add(room);
  }

  leave(room: string): void {
    this.#sendTo(this.shard, encodeRecord(this.#header(RecordKind.LEAVE, room)));
    this.rooms?.delete(room);
  }

  disconnect(code: number, reason: string): void {
    this.#sendTo(this.shard, encodeCloseRecord(this.#header(RecordKind.DISCONNECT), code, reason));
  }

  #header(kind: RecordKind, name = '') {
    return { kind, server: this.#server, connection: this.number, name };
  }
}
