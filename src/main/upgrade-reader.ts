import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { type AcceptedHandle, BareSocket } from './bare-socket.ts';
import { type ParserOwner, UpgradeParser } from './upgrade-parser.ts';
import { type FindEndpoint, isWebSocket, pathOf } from './upgrade-source.ts';

/** What listens in a server of Node.js, and tells it whom it has accepted. */
interface ListeningHandle {
  onconnection?: (this: ListeningHandle, status: number, handle?: AcceptedHandle) => void;
}

type Parser = UpgradeParser<AcceptedHandle>;

const PATIENCE = 100; // ms: an upgrade is sent as soon as there is a connection
const MAX_SPARE = 100;

/** Options of an {@link UpgradeReader}. */
export interface UpgradeReaderConfig {
  readonly maxHeaderBytes: number;
  /** Milliseconds. */
  readonly handshakeTimeout: number;
}

/**
 * Reads upgrades for the engine's endpoints from the connections that an HTTP server accepts, ahead
 * of it: a socket, a parser, a request and their ends cost more than all else that is done for a
 * connection. What does not begin with a whole upgrade, in one piece and of the plainest kind, the
 * HTTP server gets as if it had just been accepted, with what has been read of it: so there is one
 * that knows all of HTTP.
 */
export class UpgradeReader implements ParserOwner<AcceptedHandle> {
  readonly #server: HttpServer;
  readonly #find: FindEndpoint;
  readonly #maxHeaderBytes: number;
  readonly #patience: number;
  /** Those from whom nothing has come, since the last look and for longer. */
  #waiting = new Set<Parser>();
  #late = new Set<Parser>();
  #timer: NodeJS.Timeout | undefined;
  readonly #spare: Parser[] = [];
  /** Upgrades that are being decided on, are about to move or are being refused. */
  readonly #sockets = new Set<BareSocket>();
  #onEmpty: (() => void) | undefined;
  /** What the HTTP server does with whom it has accepted. */
  #serve: ((handle: AcceptedHandle) => void) | undefined;
  /** What had come before the HTTP server got the connection that it is getting. */
  #early: Buffer | undefined;

  /** @param server does not listen yet */
  constructor(
    server: HttpServer,
    find: FindEndpoint,
    { maxHeaderBytes, handshakeTimeout }: UpgradeReaderConfig,
  ) {
    this.#server = server;
    this.#find = find;
    this.#maxHeaderBytes = maxHeaderBytes;
    this.#patience = Math.min(PATIENCE, handshakeTimeout / 4);
    if (UpgradeParser.isPossible) server.once('listening', () => this.#begin());
  }

  /** Ends who has said nothing yet; resolves when each upgrade has moved or been refused. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    for (const parser of [...this.#waiting, ...this.#late]) this.onEnd(parser);
    if (this.#sockets.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    await promise;
  }

  #begin(): void {
    const { _handle: listening } = this.#server as HttpServer & { _handle?: ListeningHandle };
    const serve = listening?.onconnection;
    if (listening === undefined || serve === undefined) return;
    this.#serve = (handle) => serve.call(listening, 0, handle);
    listening.onconnection = (status, handle) => {
      if (handle === undefined) serve.call(listening, status);
      else this.#accept(handle);
    };
    this.#server.on('connection', (socket: Socket) => {
      if (this.#early !== undefined) socket.unshift(this.#early);
    });
  }

  #accept(handle: AcceptedHandle): void {
    const parser = this.#spare.pop() ?? new UpgradeParser<AcceptedHandle>(this);
    this.#waiting.add(parser);
    this.#timer ??= setTimeout(this.#look, this.#patience);
    parser.start(handle, this.#maxHeaderBytes);
  }

  onBytes(parser: Parser): void {
    const { handle, upgrade } = parser;
    if (handle === undefined) return;
    const take = upgrade && isWebSocket(upgrade) ? this.#find(pathOf(upgrade.url)) : undefined;
    if (upgrade === undefined || take === undefined) {
      this.#handOver(parser, handle, parser.bytes);
      return;
    }
    const { head } = parser;
    this.#release(parser);
    handle.setNoDelay(true); // as the HTTP server does
    const socket = new BareSocket(handle, this.#onGone);
    this.#sockets.add(socket);
    take({ ...upgrade, socket }, socket, head);
  }

  onEnd(parser: Parser): void {
    const { handle } = parser;
    this.#release(parser);
    handle?.close();
  }

  #release(parser: Parser): void {
    parser.stop();
    if (!this.#waiting.delete(parser)) this.#late.delete(parser);
    if (this.#spare.length < MAX_SPARE) this.#spare.push(parser);
  }

  #handOver(parser: Parser, handle: AcceptedHandle, bytes: Buffer | undefined): void {
    this.#release(parser);
    this.#early = bytes;
    this.#serve?.(handle);
    this.#early = undefined;
  }

  /** Who takes its time takes it with the HTTP server, which knows how long. */
  readonly #look = (): void => {
    for (const parser of this.#late) {
      if (parser.handle !== undefined) this.#handOver(parser, parser.handle, undefined);
    }
    this.#late = this.#waiting;
    this.#waiting = new Set();
    this.#timer = this.#late.size === 0 ? undefined : setTimeout(this.#look, this.#patience);
  };

  readonly #onGone = (socket: BareSocket): void => {
    this.#sockets.delete(socket);
    if (this.#sockets.size === 0) this.#onEmpty?.();
  };
}
