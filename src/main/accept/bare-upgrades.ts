import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import type { ResolvedEngineOptions } from '../../shared/options/engine-options.ts';
import { type AcceptedHandle, type ParserOwner, UpgradeParser } from './bare-parser.ts';
import { BareSocket } from './bare-socket.ts';
import { type FindEndpoint, isWebSocket, pathOf } from './http-upgrades.ts';

/** What listens in a server of Node.js, and tells it whom it has accepted. */
interface ListeningHandle {
  onconnection?: (this: ListeningHandle, status: number, handle?: AcceptedHandle) => void;
}

/**
 * Milliseconds between two looks, at most: who is silent at both goes to the HTTP server. An upgrade
 * is sent as soon as there is a connection.
 */
const LOOK_INTERVAL = 100;
/** Parsers that are kept for others, 12 KB each. */
const MAX_SPARE = 100;

/**
 * Reads upgrades for the engine's endpoints from the connections that an HTTP server accepts, ahead
 * of it: a socket, a parser, a request and their ends cost more than all else that is done for a
 * connection. What does not begin with a whole upgrade, in one piece and of the plainest kind, the
 * HTTP server gets as if it had just been accepted, with what has been read of it: so there is one
 * that knows all of HTTP.
 */
export class UpgradeReader implements ParserOwner {
  readonly #server: HttpServer;
  readonly #find: FindEndpoint;
  readonly #maxHeaderBytes: number;
  readonly #interval: number;
  /** Those from whom nothing has come yet. */
  #waiting = new Set<UpgradeParser>();
  /** Of them those who were there at the last look. */
  #late = new Set<UpgradeParser>();
  #timer: NodeJS.Timeout | undefined;
  readonly #spare: UpgradeParser[] = [];
  #isClosed = false;
  /** Upgrades that are being decided on, are about to move or are being refused. */
  readonly #sockets = new Set<BareSocket>();
  #onEmpty: (() => void) | undefined;
  /** What the HTTP server does with whom it has accepted. */
  #serve: ((handle: AcceptedHandle) => void) | undefined;
  /** What had come before the HTTP server got the connection that it is getting. */
  #early: Buffer | undefined;

  /** @param server is not `listening` yet */
  constructor(
    server: HttpServer,
    find: FindEndpoint,
    {
      maxHeaderBytes,
      handshakeTimeout,
    }: Pick<ResolvedEngineOptions, 'maxHeaderBytes' | 'handshakeTimeout'>,
  ) {
    this.#server = server;
    this.#find = find;
    this.#maxHeaderBytes = maxHeaderBytes;
    this.#interval = Math.min(LOOK_INTERVAL, handshakeTimeout / 4);
    if (UpgradeParser.isPossible) server.once('listening', () => this.#begin());
  }

  /** Ends who has said nothing yet; resolves when each upgrade has moved or been refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const parser of [...this.#waiting, ...this.#late]) this.onEnd(parser);
    for (const parser of this.#spare.splice(0)) freeSoon(parser);
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
    const parser = this.#spare.pop() ?? new UpgradeParser(this);
    this.#waiting.add(parser);
    this.#timer ??= setTimeout(this.#look, this.#interval);
    parser.start(handle, this.#maxHeaderBytes);
  }

  onBytes(parser: UpgradeParser): void {
    const { upgrade } = parser;
    const take = upgrade && isWebSocket(upgrade) ? this.#find(pathOf(upgrade.url)) : undefined;
    if (upgrade === undefined || take === undefined) {
      this.#handOver(parser, parser.bytes);
      return;
    }
    const { head } = parser;
    const handle = this.#release(parser);
    handle.setNoDelay(true); // as the HTTP server does
    const socket = new BareSocket(handle, this.#onGone);
    this.#sockets.add(socket);
    take({ ...upgrade, socket }, socket, head);
  }

  onEnd(parser: UpgradeParser): void {
    this.#release(parser).close();
  }

  #release(parser: UpgradeParser): AcceptedHandle {
    if (!this.#waiting.delete(parser)) this.#late.delete(parser);
    if (this.#isClosed || this.#spare.length >= MAX_SPARE) freeSoon(parser);
    else this.#spare.push(parser);
    return parser.stop();
  }

  #handOver(parser: UpgradeParser, bytes: Buffer | undefined): void {
    const handle = this.#release(parser);
    this.#early = bytes;
    try {
      this.#serve?.(handle);
    } finally {
      this.#early = undefined;
    }
  }

  /** Who takes its time takes it with the HTTP server, which knows how long. */
  readonly #look = (): void => {
    const late = this.#late;
    this.#late = this.#waiting;
    this.#waiting = new Set();
    this.#timer = this.#late.size === 0 ? undefined : setTimeout(this.#look, this.#interval);
    for (const parser of late) this.#handOver(parser, undefined);
  };

  readonly #onGone = (socket: BareSocket): void => {
    this.#sockets.delete(socket);
    if (this.#sockets.size === 0) this.#onEmpty?.();
  };
}

/** Not at once: its callback may be what runs. */
function freeSoon(parser: UpgradeParser): void {
  setImmediate(() => parser.free());
}
