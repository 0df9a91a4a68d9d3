import { Duplex } from 'node:stream';
import type { TlsEntry, Upgrade } from '../../shared/messages/control-messages.ts';
import type { RelayCommand, RelayEvent } from '../../shared/relay/relay-messages.ts';
import { type Done, RelayWrites } from '../../shared/relay/relay-writes.ts';
import { setImmediate } from '../../shared/time/timers.ts';
import { takeBuffered } from '../place/handoff.ts';
import type { ShardHost } from '../shards/shard-host.ts';
import type { PlainTurns } from './plain-turns.ts';

/** The other end of a TCP connection. */
export interface ClientAddress {
  readonly remoteAddress: string;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
}

/** Bytes that go to the shard at a time: it holds them in the clear and encrypted. */
const MOST_AT_ONCE = 256 * 2 ** 10;

/**
 * A TLS connection of a shard as the primary sees it, as long as it is no WebSocket. The HTTP server
 * reads its decrypted bytes as it reads a socket.
 */
export class TlsStream extends Duplex implements ClientAddress {
  /** As `tls.TLSSocket` has it; Express looks at it. */
  readonly encrypted = true;
  /** The shard that has the connection. */
  readonly host: ShardHost;
  readonly number: number;
  readonly remoteAddress: string;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  readonly #turns: PlainTurns;
  /** Events that wait for a turn of the loop that has time to parse them. */
  readonly #arrived: RelayEvent[] = [];
  #owesPull = false;
  readonly #writes = new RelayWrites(MOST_AT_ONCE, (bytes) => {
    this.#idle?.refresh();
    this.#tell({ do: 'write', bytes });
  });
  #hasLeft = false;
  #idle: NodeJS.Timeout | undefined;

  /** @param turns says when there is time to parse */
  constructor(host: ShardHost, number: number, client: ClientAddress, turns: PlainTurns) {
    super({ allowHalfOpen: true });
    this.#turns = turns;
    this.host = host;
    this.number = number;
    this.remoteAddress = client.remoteAddress;
    this.remotePort = client.remotePort;
    this.remoteFamily = client.remoteFamily;
  }

  /** Takes an event of the connection from its shard. */
  receive(event: RelayEvent): void {
    if (this.destroyed) return;
    this.#idle?.refresh();
    switch (event.is) {
      case 'data':
      case 'end':
        this.#arrived.push(event);
        this.#parse();
        return;
      case 'written':
        this.#writes.written();
        return;
      case 'closed':
        this.destroy();
    }
  }

  /**
   * Ends the stream where its upgrade has been accepted: the rest of it goes to the connection.
   * @throws whatever `postMessage` throws, and then nothing has gone
   */
  enter(upgrade: Upgrade): void {
    upgrade.head = takeBuffered(this, upgrade.head);
    this.#tell({ do: 'enter', upgrade });
    this.#hasLeft = true;
    this.destroy();
  }

  override _read(): void {
    if (!this.#owesPull) return;
    this.#owesPull = false;
    setImmediate(this.#pull);
  }

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    this.#writes.write(chunk, done);
  }

  override _writev(entries: { chunk: Buffer }[], done: Done): void {
    this.#writes.writeAll(entries, done);
  }

  override _final(done: Done): void {
    this.#tell({ do: 'end' });
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    clearTimeout(this.#idle);
    this.#turns.forget(this.#parse);
    if (!this.#hasLeft) this.#tell({ do: 'destroy' });
    done(error);
  }

  // ── more of a socket that HTTP servers and their apps expect ───────────────────────────────

  /** Emits 'timeout' after `ms` without a byte; 0 = never. */
  setTimeout(ms: number, onTimeout?: () => void): this {
    clearTimeout(this.#idle);
    this.#idle = ms > 0 ? setTimeout(() => this.emit('timeout'), ms).unref() : undefined;
    if (onTimeout !== undefined) {
      if (ms > 0) this.once('timeout', onTimeout);
      else this.off('timeout', onTimeout);
    }
    return this;
  }

  /** Ends it without waiting for the client to do the same. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  /** A no-op: the shard's socket has it set. */
  setNoDelay(): this {
    return this;
  }

  /** A no-op: the operating system's defaults hold. */
  setKeepAlive(): this {
    return this;
  }

  /** A no-op, as {@link TlsStream.unref}: the stream keeps no process alive. */
  ref(): this {
    return this;
  }

  /** A no-op: the stream keeps no process alive. */
  unref(): this {
    return this;
  }

  /** The HTTP server parses a chunk as soon as it is pushed, which may be more than 100 requests. */
  readonly #parse = (): void => {
    while (this.#arrived.length > 0) {
      if (!this.#turns.takeTime()) {
        this.#turns.wait(this.#parse);
        return;
      }
      const event = this.#arrived.shift();
      if (event?.is === 'data') {
        this.#owesPull = true;
        this.push(bufferOf(event.bytes));
      } else this.push(null);
    }
  };

  /**
   * Asks the shard for more. An upgrade pauses the stream in the turn in which it came, and the bytes
   * behind it are for the shard. A stream that goes on later may bring another upgrade.
   */
  readonly #pull = (): void => {
    if (this.destroyed) return;
    if (this.isPaused()) this.once('resume', () => setImmediate(this.#pull));
    else this.#tell({ do: 'pull' });
  };

  #tell(command: RelayCommand | TlsEntry): void {
    this.host.post({ type: 'tls', stream: this.number, command });
  }
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
