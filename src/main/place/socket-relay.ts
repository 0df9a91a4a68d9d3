import type { Duplex } from 'node:stream';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { RelayCommand, RelayEvent } from '../../shared/relay/relay-messages.ts';

/** A socket that may be one of `node:net`. */
interface MaybeSocket extends Duplex {
  setTimeout?(ms: number): unknown;
}

/**
 * A connection that stays on the primary, since its socket cannot move: one of a Unix socket, or of
 * TLS that the app has spoken. Its bytes go to the shard and back by a port, one chunk at a time in
 * each direction.
 */
export class SocketRelay {
  readonly #socket: Duplex;
  readonly #port: MessagePort;
  /** The other end, for the shard. */
  readonly far: MessagePort;

  /** @param socket paused, and what it has buffered has been taken */
  constructor(socket: Duplex) {
    const { port1, port2 } = new MessageChannel();
    this.#socket = socket;
    this.#port = port1;
    this.far = port2;
  }

  /** Begins, when the other end has gone to the shard. */
  start(): void {
    const socket = this.#socket;
    (socket as MaybeSocket).setTimeout?.(0); // the HTTP server's: the shard has its own
    socket.on('error', ignore); // 'close' follows
    socket.on('data', this.#onData).pause(); // until it is pulled
    if (socket.readableEnded) this.#tell({ is: 'end' });
    else socket.once('end', () => this.#tell({ is: 'end' }));
    socket.once('close', () => {
      this.#tell({ is: 'closed' });
      this.#port.close();
    });
    this.#port.on('message', this.#carryOut);
    this.#port.on('close', () => socket.destroy()); // the shard has let it go, or has died
  }

  readonly #carryOut = (command: RelayCommand): void => {
    const socket = this.#socket;
    if (command.do === 'pull') socket.resume();
    else if (command.do === 'end') socket.end();
    else if (command.do === 'destroy') socket.destroy();
    else socket.write(command.bytes, () => this.#tell({ is: 'written' }));
  };

  readonly #onData = (chunk: Buffer): void => {
    this.#socket.pause();
    this.#tell({ is: 'data', bytes: new Uint8Array(chunk) }); // not the pool that it may be a part of
  };

  #tell(event: RelayEvent): void {
    this.#port.postMessage(event);
  }
}

function ignore(): void {}
