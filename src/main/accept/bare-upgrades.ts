import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import type { ResolvedEngineOptions } from '../../shared/options/engine-options.ts';
import { Conditions } from '../../shared/time/conditions.ts';
import { setImmediate } from '../../shared/time/timers.ts';
import { type AcceptedHandle, BareParser } from './bare-parser.ts';
import { BareSocket } from './bare-socket.ts';
import { type FindEndpoint, isWebSocket } from './http-upgrades.ts';
import { pathOf } from './request-target.ts';

/** The handle that listens in a server of Node.js, and gives it accepted connections. */
interface ListeningHandle {
  onconnection?: (this: ListeningHandle, status: number, handle?: AcceptedHandle) => void;
}

/**
 * Milliseconds between two looks, at most: a connection that is silent at both goes to the HTTP
 * server. A client sends its upgrade as soon as it is connected.
 */
const LOOK_INTERVAL = 100;
/** Parsers that are kept for further connections, 12 KB each. */
const MAX_SPARE = 100;

/**
 * Reads upgrades for the engine's endpoints from the connections that an HTTP server accepts, ahead
 * of it. A socket, a parser, a request and their ends cost more than all else that is done for a
 * connection. The plainest kind of upgrade is taken, whole and in one piece. Any other connection
 * goes to the HTTP server as if it had just been accepted, with the bytes read. So one server alone
 * has to know all of HTTP.
 */
export class BareUpgrades {
  readonly #server: HttpServer;
  readonly #find: FindEndpoint;
  readonly #maxHeaderBytes: number;
  readonly #interval: number;
  /** Connections of which nothing has come yet. */
  #waiting = new Set<BareParser>();
  /** Those of them that were there at the last look. */
  #late = new Set<BareParser>();
  #timer: NodeJS.Timeout | undefined;
  readonly #spare: BareParser[] = [];
  #isClosed = false;
  /** Upgrades that are being decided on, are about to move or are being refused. */
  readonly #sockets = new Set<BareSocket>();
  readonly #ends = new Conditions();
  /** Gives an accepted connection to the HTTP server. */
  #serve: ((handle: AcceptedHandle) => void) | undefined;
  /** Bytes that had come before the HTTP server got the connection that it is getting. */
  #early: Buffer | undefined;

  /** @param server is not `listening` yet */
  constructor(
    server: HttpServer,
    find: FindEndpoint,
    options: Pick<ResolvedEngineOptions, 'maxHeaderBytes' | 'handshakeTimeout'>,
  ) {
    this.#server = server;
    this.#find = find;
    this.#maxHeaderBytes = options.maxHeaderBytes;
    this.#interval = Math.min(LOOK_INTERVAL, options.handshakeTimeout / 4);
    if (BareParser.isPossible) server.once('listening', () => this.#begin());
  }

  /** Ends silent connections; resolves when each upgrade has moved or been refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const parser of [...this.#waiting, ...this.#late]) this.#onEnd(parser);
    for (const parser of this.#spare.splice(0)) freeSoon(parser);
    await this.#ends.until(() => this.#sockets.size === 0);
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
    const parser = this.#spare.pop() ?? new BareParser(this.#onBytes, this.#onEnd);
    this.#waiting.add(parser);
    this.#timer ??= setTimeout(this.#look, this.#interval);
    parser.start(handle, this.#maxHeaderBytes);
  }

  readonly #onBytes = (parser: BareParser): void => {
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
  };

  readonly #onEnd = (parser: BareParser): void => this.#release(parser).close();

  #release(parser: BareParser): AcceptedHandle {
    if (!this.#waiting.delete(parser)) this.#late.delete(parser);
    if (this.#isClosed || this.#spare.length >= MAX_SPARE) freeSoon(parser);
    else this.#spare.push(parser);
    return parser.stop();
  }

  #handOver(parser: BareParser, bytes: Buffer | undefined): void {
    const handle = this.#release(parser);
    this.#early = bytes;
    try {
      this.#serve?.(handle);
    } finally {
      this.#early = undefined;
    }
  }

  /** Hands late connections over: the HTTP server has timeouts for slow clients. */
  readonly #look = (): void => {
    const late = this.#late;
    this.#late = this.#waiting;
    this.#waiting = new Set();
    this.#timer = this.#late.size === 0 ? undefined : setTimeout(this.#look, this.#interval);
    for (const parser of late) this.#handOver(parser, undefined);
  };

  readonly #onGone = (socket: BareSocket): void => {
    this.#sockets.delete(socket);
    this.#ends.recheck();
  };
}

/** Frees a parser, but not at once: its callback may be what runs. */
function freeSoon(parser: BareParser): void {
  setImmediate(() => parser.free());
}
