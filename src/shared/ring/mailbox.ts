import { EngineError } from '../api/errors.ts';
import { Doorbell } from './doorbell.ts';
import { type MailboxLink, Peer, type PeerLoad, type RecordHandler } from './peer.ts';

export type { MailboxLink, RecordHandler } from './peer.ts';

// The bytes of a record that are still to come are counted in an Int32.
const MAX_RECORD_BYTES = 2 ** 30;

/** What a {@link Mailbox} is made of. */
export interface MailboxOptions {
  /** The doorbell of this thread: memory from `Doorbell.allocate`. */
  doorbell: SharedArrayBuffer;
  /** The most that records waiting for room in one peer's ring may cost, in bytes. */
  maxOutboxBytes: number;
  /** Gets every record, in the order in which its sender sent it. */
  onRecord: RecordHandler;
  /** Gets what `onRecord` throws; the records behind go on. */
  onError: (error: unknown) => void;
  /** Called when a peer has woken this thread: there is something to drain or room to flush. */
  onWake: () => void;
  /** Called when nothing waits for room in this peer's ring any more, or the peer has gone. */
  onDrained?: (peer: number) => void;
}

/**
 * What one thread sends to and gets from its peers: a ring each way for every peer, one doorbell
 * for all of them, and an ordered, bounded outbox behind each ring that is full. It never blocks.
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
   * Delivers what a peer had committed, then forgets the peer: half of a record that it did not
   * finish, and what waited for room in its ring, are dropped. Must not be called by `onRecord`
   * about the peer that sent the record.
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
    for (const id of peers) {
      const peer = this.#peers.get(id);
      if (peer !== undefined) this.#checkBound(peer, bytes);
    }
  }

  /**
   * Sends a record to a peer, whatever waits for it already: for records whose number is bounded
   * by what causes them. The record's bytes now belong to the mailbox: they must not change.
   *
   * @throws RangeError if the record is larger than 1 GiB
   */
  sendAlways(peer: number, record: Uint8Array): void {
    checkSize(record);
    this.#peers.get(peer)?.send(record);
  }

  /** Those with whom records are exchanged. */
  get peers(): Iterable<PeerLoad> {
    return this.#peers.values();
  }

  /** Whether records wait for room in a peer's ring. */
  isCongested(peer: number): boolean {
    return this.#peers.get(peer)?.isCongested ?? false;
  }

  /** Whether no record waits for room in any ring. */
  get isFlushed(): boolean {
    for (const peer of this.#peers.values()) if (peer.isCongested) return false;
    return true;
  }

  /**
   * Delivers what every peer had committed when its turn came. Must not be called by `onRecord`.
   *
   * @returns whether there was anything
   */
  drain(): boolean {
    let hasRead = false;
    for (const peer of this.#peers.values()) {
      if (peer.read()) hasRead = true;
    }
    return hasRead;
  }

  /** Wakes the peers that have been sent something since the last call. */
  wake(): void {
    for (const peer of this.#peers.values()) peer.wake();
  }

  /** Moves what waits for room into the rings as far as there is some, and wakes the peers. */
  flush(): void {
    for (const peer of this.#peers.values()) {
      if (peer.isCongested) {
        peer.flush();
        if (!peer.isCongested) this.#options.onDrained?.(peer.id);
      }
      peer.wake();
    }
  }

  /**
   * Sleeps until a peer sends something or makes room for what waits: then `onWake` is called. It
   * returns at once, and keeps no thread alive.
   *
   * @returns false if there is something to drain or to flush: the thread is still awake
   */
  sleep(): boolean {
    return this.#doorbell.sleep(this.#hasWork, this.#onWake);
  }

  /** Says that the thread is awake, whatever woke it: until it sleeps again, nobody wakes it. */
  awake(): void {
    this.#doorbell.awake();
  }

  /** Forgets all peers, with what they sent and what waits for them; no callback is called again. */
  close(): void {
    this.#isClosed = true;
    this.#peers.clear();
    this.#doorbell.close();
  }

  #checkBound(peer: Peer, length: number): void {
    const { maxOutboxBytes } = this.#options;
    if (peer.hasRoomFor(length, maxOutboxBytes)) return;
    throw new EngineError(
      'ERR_OUTBOX_FULL',
      `${peer.queuedBytes} B wait for peer ${peer.id}, a record of ${length} B more would pass ` +
        `maxOutboxBytes, ${maxOutboxBytes} B`,
    );
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

  readonly #onWake = (): void => this.#options.onWake();
}

function checkSize({ byteLength }: Uint8Array): void {
  if (byteLength <= MAX_RECORD_BYTES) return;
  throw new RangeError(`a record of ${byteLength} B, at most ${MAX_RECORD_BYTES} B`);
}
