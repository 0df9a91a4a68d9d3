import { Duplex } from 'node:stream';
import type { TlsEntry, Upgrade } from '../../shared/messages/control-messages.ts';
import type { TlsCommand, TlsEvent } from '../../shared/messages/tls-messages.ts';
import { takeBuffered } from '../place/handoff.ts';
import type { ShardHost } from '../shards/shard-host.ts';

/** Who is at the other end of a TCP connection. */
export interface ClientAddress {
  readonly remoteAddress: string;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
}

type Done = (error?: Error | null) => void;

/**
 * A TLS connection of a shard as the primary sees it, as long as it is no WebSocket: the plain
 * bytes of it, which the HTTP server reads as it reads a socket.
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
  #owesPull = false;
  #onWritten: Done | undefined;
  #hasLeft = false;
  #idle: NodeJS.Timeout | undefined;

  constructor(host: ShardHost, number: number, client: ClientAddress) {
    super({ allowHalfOpen: true });
    this.host = host;
    this.number = number;
    this.remoteAddress = client.remoteAddress;
    this.remotePort = client.remotePort;
    this.remoteFamily = client.remoteFamily;
  }

  /** Takes what the shard says of the connection. */
  receive(event: TlsEvent): void {
    if (this.destroyed) return;
    this.#idle?.refresh();
    switch (event.is) {
      case 'data':
        this.#owesPull = true;
        this.push(bufferOf(event.bytes));
        return;
      case 'end':
        this.push(null);
        return;
      case 'written': {
        const done = this.#onWritten;
        this.#onWritten = undefined;
        done?.();
        return;
      }
      case 'closed':
        this.destroy();
    }
  }

  /**
   * The upgrade has been accepted: what is left of the stream goes with it to the connection.
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
    this.#idle?.refresh();
    this.#onWritten = done;
    this.#tell({ do: 'write', bytes: new Uint8Array(chunk) }); // not the pool that it may be a part of
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), '', done);
  }

  override _final(done: Done): void {
    this.#tell({ do: 'end' });
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    clearTimeout(this.#idle);
    if (!this.#hasLeft) this.#tell({ do: 'destroy' });
    done(error);
  }

  // ── what HTTP servers and their apps expect of a socket besides ────────────────────────────

  /** Emits 'timeout' after so many milliseconds without a byte; 0 = never. */
  setTimeout(ms: number, onTimeout?: () => void): this {
    clearTimeout(this.#idle);
    this.#idle = ms > 0 ? setTimeout(() => this.emit('timeout'), ms).unref() : undefined;
    if (onTimeout !== undefined) {
      if (ms > 0) this.once('timeout', onTimeout);
      else this.off('timeout', onTimeout);
    }
    return this;
  }

  /** Ends it, and does not wait for the client to do the same. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  /** The shard's socket has it set. */
  setNoDelay(): this {
    return this;
  }

  /** Left to the operating system's defaults. */
  setKeepAlive(): this {
    return this;
  }

  /** Holds nothing that keeps a process. */
  ref(): this {
    return this;
  }

  /** Holds nothing that keeps a process. */
  unref(): this {
    return this;
  }

  /**
   * Behind an upgrade the stream is paused in the turn in which that came, and nothing more may come
   * here: it is the shard's to read. Where it goes on later, the next request may be an upgrade too.
   */
  readonly #pull = (): void => {
    if (this.destroyed) return;
    if (this.isPaused()) this.once('resume', () => setImmediate(this.#pull));
    else this.#tell({ do: 'pull' });
  };

  #tell(command: TlsCommand | TlsEntry): void {
    this.host.post({ type: 'tls', stream: this.number, command });
  }
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
