import { Doorbell } from './doorbell.ts';
import type { DrainShare } from './drain-share.ts';
import { Outbox } from './outbox.ts';
import { RingReader } from './ring-reader.ts';
import { RingWriter } from './ring-writer.ts';

/** The memory that joins two threads. The other thread has the two rings swapped. */
export interface MailboxLink {
  /** The ring that the peer writes: memory from `allocateRing`. */
  inbound: SharedArrayBuffer;
  /** The ring that the peer reads: memory from `allocateRing`. */
  outbound: SharedArrayBuffer;
  /** The peer's doorbell: memory from `Doorbell.allocate`. */
  doorbell: SharedArrayBuffer;
}

/**
 * Gets one record: the bytes of `record` from `start` to `end`, and the peer that sent it. The
 * bytes are valid during the call only: they lie in a ring, and the sender will reuse them.
 */
export type RecordHandler = (record: Buffer, start: number, end: number, from: number) => void;

/** The load between this thread and a peer. */
export type PeerLoad = Pick<Peer, 'id' | 'unreadBytes' | 'ringBytes' | 'queuedBytes'>;

/** One peer of a mailbox: a ring each way, its doorbell, and an outbox behind its ring. */
export class Peer {
  /** The number that this thread knows the peer by. */
  readonly id: number;
  readonly #reader: RingReader;
  readonly #writer: RingWriter;
  readonly #doorbell: Doorbell;
  readonly #outbox = new Outbox();
  readonly #deliver: RecordHandler;
  /** Whether the peer has been sent anything since it was last woken. */
  #hasNews = false;
  /** Bytes that the peer is to have read before this thread is told. */
  #awaited: number | undefined;
  // A record that comes in pieces, and the bytes of it that are there.
  #assembled: Buffer | undefined;
  #assembledBytes = 0;

  /**
   * @param deliver gets the peer's records
   * @throws RangeError if the link's memory is not that of rings
   */
  constructor(id: number, link: MailboxLink, deliver: RecordHandler) {
    this.id = id;
    this.#doorbell = new Doorbell(link.doorbell);
    this.#reader = new RingReader(link.inbound, () => this.#doorbell.wake());
    this.#writer = new RingWriter(link.outbound);
    this.#deliver = deliver;
  }

  /** Whether records wait for room in the peer's ring. */
  get isCongested(): boolean {
    return !this.#outbox.isEmpty;
  }

  /** The cost of the records that wait for room in the peer's ring, in bytes. */
  get queuedBytes(): number {
    return this.#outbox.queuedBytes;
  }

  /** Bytes in the peer's ring that it has not read. */
  get unreadByPeer(): number {
    return this.#writer.unreadBytes;
  }

  /** Bytes that have been written to the peer's ring so far. */
  get writtenBytes(): number {
    return this.#writer.writtenBytes;
  }

  /** Whether the peer has read the first so many of {@link Peer.writtenBytes}. */
  hasRead(bytes: number): boolean {
    return this.#writer.hasRead(bytes);
  }

  /** Asks for a wake when the peer has read so many bytes; {@link Peer.takeAwaited} then says so. */
  awaitRead(bytes: number): void {
    this.#awaited = bytes;
  }

  /** Whether the peer has read the bytes that were awaited; says so once. */
  takeAwaited(): boolean {
    if (this.#awaited === undefined || !this.#writer.hasRead(this.#awaited)) return false;
    this.#awaited = undefined;
    return true;
  }

  /** Bytes that the peer has sent and that have not been read yet. */
  get unreadBytes(): number {
    return this.#reader.unreadBytes;
  }

  /** Bytes that the ring which the peer writes can hold. */
  get ringBytes(): number {
    return this.#reader.capacity;
  }

  /** Whether a record of `length` bytes can be sent without passing `maxOutboxBytes`. */
  hasRoomFor(length: number, maxOutboxBytes: number): boolean {
    return this.#outbox.hasRoomFor(length, maxOutboxBytes);
  }

  /** Sends a record: into the ring where it fits, else behind those that wait for room. */
  send(record: Uint8Array): void {
    const length = record.byteLength;
    if (this.isCongested) {
      this.#outbox.push(record);
    } else if (
      length <= this.#writer.maxPieceBytes &&
      this.#writer.tryWrite(record, 0, length, 0)
    ) {
      this.#hasNews = true;
    } else {
      this.#outbox.push(record);
      this.flush();
      if (this.isCongested) this.wake(); // it had better begin to read
    }
  }

  /** Moves records that wait into the ring as far as there is room. */
  flush(): void {
    if (this.#outbox.flush(this.#writer)) this.#hasNews = true;
  }

  /** Wakes the peer, if it has been sent anything since the last call. */
  wake(): void {
    if (!this.#hasNews) return;
    this.#hasNews = false;
    this.#doorbell.wake();
  }

  /**
   * Delivers all that the peer had published when the call began, or as much as the share allows.
   *
   * @returns whether there was anything
   */
  read(share?: DrainShare): boolean {
    return this.#reader.read(this.#onPiece, share);
  }

  /**
   * Whether there is anything to read, or room for a waiting record, or the peer has read as far as
   * was awaited. Asks to be woken at each.
   */
  hasWork(): boolean {
    if (!this.#reader.isEmpty()) return true;
    if (this.isCongested && this.#writer.requestRoom()) return true;
    return this.#awaited !== undefined && this.#writer.requestRead(this.#awaited);
  }

  readonly #onPiece = (bytes: Buffer, start: number, end: number, remaining: number): void => {
    if (remaining === 0 && this.#assembled === undefined) {
      this.#deliver(bytes, start, end, this.id);
    } else {
      this.#assemble(bytes, start, end, remaining);
    }
  };

  #assemble(bytes: Buffer, start: number, end: number, remaining: number): void {
    this.#assembled ??= Buffer.allocUnsafe(end - start + remaining);
    const record = this.#assembled;
    const filled = this.#assembledBytes + end - start;
    if (filled + remaining !== record.length) {
      throw new Error(`${filled} B and ${remaining} B to come of a record of ${record.length} B`);
    }
    bytes.copy(record, this.#assembledBytes, start, end);
    this.#assembledBytes = filled;
    if (remaining > 0) return;
    this.#assembled = undefined;
    this.#assembledBytes = 0;
    this.#deliver(record, 0, filled, this.id);
  }
}
