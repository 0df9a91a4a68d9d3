import { EngineError } from '../api/errors.ts';
import { Doorbell } from './doorbell.ts';
import type { DrainShare } from './drain-share.ts';
import { type MailboxLink, Peer, type PeerLoad, type RecordHandler } from './peer.ts';

export type { MailboxLink, RecordHandler } from './peer.ts';

// The bytes of a record that are still to come are counted in an Int32.
const MAX_RECORD_BYTES = 2 ** 30;

/** The parts of a {@link Mailbox}. */
export interface MailboxOptions {
  /** The doorbell of this thread: memory from `Doorbell.allocate`. */
  doorbell: SharedArrayBuffer;
  /** The most that records waiting for room in one peer's ring may cost, in bytes. */
  maxOutboxBytes: number;
  /** Gets every record, in the order in which its sender sent it. */
  onRecord: RecordHandler;
  /** Gets the errors of `onRecord`; the records behind go on. */
  onError: (error: unknown) => void;
  /** Called when a peer has woken this thread: there are records to drain or room to flush. */
  onWake: () => void;
  /** Called when no record waits for room in this peer's ring any more, or the peer has gone. */
  onDrained?: (peer: number) => void;
  /** Called when this peer has read what {@link Mailbox.awaitRead} waits for. */
  onRead?: (peer: number) => void;
}

/**
 * The records of one thread to and from its peers: a ring each way for every peer, and one doorbell
 * for all of them. Behind each full ring is an ordered, bounded outbox. It never blocks.
 *
 * The thread drives it. One tick: `awake`, `drain`, `wake`, work, `flush`, `sleep`; if `sleep`
 * returns false, another tick.
 */
export class Mailbox {
  readonly #doorbell: Doorbell;
  readonly #options: MailboxOptions;
  readonly #peers = new Map<number, Peer>();
  #isClosed = false;

  constructor(options: MailboxOptions) {
    this.#options = options;
    this.#doorbell = new Doorbell(options.doorbell);
  }

  /**
   * Starts to exchange records with a peer. One with the same number is disconnected first.
   *
   * @param peer any number that names this peer among the others
   * @throws RangeError if the link's memory is not that of rings
   */
  connect(peer: number, link: MailboxLink): void {
    this.disconnect(peer);
    this.#peers.set(peer, new Peer(peer, link, this.#deliver));
  }

  /**
   * Delivers the records that a peer had committed, then forgets the peer. Half of a record that it
   * did not finish, and records that waited for room in its ring, are dropped. Must not be called
   * by `onRecord` about the peer that sent the record.
   */
  disconnect(peer: number): void {
    const gone = this.#peers.get(peer);
    if (gone === undefined) return;
    gone.read();
    this.#peers.delete(peer);
    if (gone.isCongested) this.#options.onDrained?.(peer);
  }

  /**
   * Sends a record to every peer named, or throws and sends it to none. Numbers that are not
   * connected are skipped. The record's bytes now belong to the mailbox: they must not change.
   * A peer that sleeps finds it when it is woken: see {@link Mailbox.wake}.
   *
   * A record that finds an outbox empty is taken whatever its size; only behind others does it
   * count against `maxOutboxBytes`.
   *
   * @throws EngineError ERR_OUTBOX_FULL if it would pass `maxOutboxBytes` of any of the peers
   * @throws RangeError if the record is larger than 1 GiB
   */
  send(peers: readonly number[], record: Uint8Array): void {
    checkSize(record);
    this.checkRoom(peers, record.byteLength);
    for (const id of peers) this.#peers.get(id)?.send(record);
  }

  /**
   * Checks that every peer named can be sent so many bytes.
   *
   * @throws EngineError ERR_OUTBOX_FULL if they would pass `maxOutboxBytes` of any of the peers
   */
  checkRoom(peers: readonly number[], bytes: number): void {
    const { maxOutboxBytes } = this.#options;
    for (const id of peers) {
      const peer = this.#peers.get(id);
      if (peer === undefined || peer.hasRoomFor(bytes, maxOutboxBytes)) continue;
      throw new EngineError(
        'ERR_OUTBOX_FULL',
        `${peer.queuedBytes} B wait for peer ${id}, a record of ${bytes} B more would pass ` +
          `maxOutboxBytes, ${maxOutboxBytes} B`,
      );
    }
  }

  /**
   * Sends a record to a peer, past the bound of its outbox: for records whose cause bounds their
   * number. The record's bytes now belong to the mailbox: they must not change.
   *
   * @throws RangeError if the record is larger than 1 GiB
   */
  sendAlways(peer: number, record: Uint8Array): void {
    checkSize(record);
    this.#peers.get(peer)?.send(record);
  }

  /** The peers that are connected. */
  get peers(): Iterable<PeerLoad> {
    return this.#peers.values();
  }

  /** Whether records wait for room in a peer's ring. */
  isCongested(peer: number): boolean {
    return this.#peers.get(peer)?.isCongested ?? false;
  }

  /** Bytes in a peer's ring that the peer has not read; those that wait for room are not counted. */
  unreadBy(peer: number): number {
    return this.#peers.get(peer)?.unreadByPeer ?? 0;
  }

  /** Bytes that have been written to a peer's ring so far, with those of headers. */
  writtenTo(peer: number): number {
    return this.#peers.get(peer)?.writtenBytes ?? 0;
  }

  /** Whether a peer has read the first so many of the bytes in its ring, or has gone. */
  hasRead(peer: number, bytes: number): boolean {
    return this.#peers.get(peer)?.hasRead(bytes) ?? true;
  }

  /** Has `onRead` called, in a flush, when a peer has read the first so many bytes in its ring. */
  awaitRead(peer: number, bytes: number): void {
    this.#peers.get(peer)?.awaitRead(bytes);
  }

  /** Whether no record waits for room in any ring. */
  get isFlushed(): boolean {
    for (const peer of this.#peers.values()) if (peer.isCongested) return false;
    return true;
  }

  /**
   * Delivers all that every peer had committed when its turn came. Must not be called by
   * `onRecord`.
   *
   * @param share the most of each peer; the rest is for the next call. Left out: all
   * @returns whether there was anything
   */
  drain(share?: DrainShare): boolean {
    let hasRead = false;
    for (const peer of this.#peers.values()) {
      share?.begin(this.#peers.size);
      if (peer.read(share)) hasRead = true;
    }
    return hasRead;
  }

  /** Wakes the peers that have been sent something since the last call. */
  wake(): void {
    for (const peer of this.#peers.values()) peer.wake();
  }

  /** Moves records that wait into the rings as far as there is room, and wakes the peers. */
  flush(): void {
    for (const peer of this.#peers.values()) {
      if (peer.isCongested) {
        peer.flush();
        if (!peer.isCongested) this.#options.onDrained?.(peer.id);
      }
      if (peer.takeAwaited()) this.#options.onRead?.(peer.id);
      peer.wake();
    }
  }

  /**
   * Sleeps until a peer sends a record or makes room for one that waits: then `onWake` is called.
   * It returns at once, and keeps no thread alive.
   *
   * @returns false if there are records to drain or to flush: the thread is still awake
   */
  sleep(): boolean {
    return this.#doorbell.sleep(this.#hasWork, this.#options.onWake);
  }

  /** Declares the thread awake, whatever woke it: until it sleeps again, no peer wakes it. */
  awake(): void {
    this.#doorbell.awake();
  }

  /** Forgets all peers and all records to and from them; no callback is called again. */
  close(): void {
    this.#isClosed = true;
    this.#peers.clear();
    this.#doorbell.close();
  }

  readonly #deliver: RecordHandler = (record, start, end, from) => {
    if (this.#isClosed) return;
    try {
      this.#options.onRecord(record, start, end, from);
    } catch (error) {
      this.#options.onError(error);
    }
  };

  readonly #hasWork = (): boolean => {
    for (const peer of this.#peers.values()) {
      if (peer.hasWork()) return true;
    }
    return false;
  };
}

function checkSize({ byteLength }: Uint8Array): void {
  if (byteLength <= MAX_RECORD_BYTES) return;
  throw new RangeError(`a record of ${byteLength} B, at most ${MAX_RECORD_BYTES} B`);
}
