import type {
  Server as HttpServer,
  IncomingMessage,
  RequestListener,
  ServerResponse,
} from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { settledWithin } from '../../shared/time/settled-within.ts';
import { plainAddress } from '../admit/subnet.ts';
import { answer } from '../script/plain-answer.ts';
import { Cuts } from './cuts.ts';
import { PlainConnection } from './plain-connection.ts';
import type { PlainLimits } from './plain-limits.ts';
import type { PlainTurns } from './plain-turns.ts';

/** A connection that has sent a request, and the answer to the next one. */
interface Known {
  readonly connection: PlainConnection;
  readonly answer: RequestListener;
  /** The address that it is counted for; undefined: it has been refused. */
  readonly address: string | undefined;
}

/** Everything that the requests of a server need of the engine. */
interface RequestsContext {
  readonly limits: PlainLimits;
  readonly turns: PlainTurns;
  /** Answers a request to this HTTP server. */
  readonly answer: RequestListener;
}

/** The requests that one of the engine's own HTTP servers is answering; ends the server. */
export class OpenRequests {
  readonly #server: HttpServer;
  readonly #limits: PlainLimits;
  readonly #answer: RequestListener;
  readonly #turns: PlainTurns;
  readonly #cuts = new Cuts();
  readonly #connections = new Map<Socket, Known>();
  /** Those of them that wait for answers. */
  readonly #busy = new Set<PlainConnection>();
  /** Requests with a header Expect, and whether the server can do what they expect. */
  readonly #expecting = new WeakMap<IncomingMessage, boolean>();
  #isClosing = false;
  #answered: PromiseWithResolvers<void> | undefined;

  constructor(server: HttpServer, { limits, turns, answer }: RequestsContext) {
    this.#server = server;
    this.#limits = limits;
    this.#turns = turns;
    this.#answer = answer;
    server.on('request', this.#onRequest);
    // Node.js would answer these by itself, however many come.
    server.on('checkContinue', (request, response) => this.#expect(true, request, response));
    server.on('checkExpectation', (request, response) => this.#expect(false, request, response));
  }

  /**
   * Stops listening, and ends idle connections. Resolves when open requests have been answered, or
   * cut after `timeoutMs`.
   */
  async close(timeoutMs: number): Promise<void> {
    const server = this.#server;
    this.#isClosing = true;
    if (this.#busy.size > 0) {
      // The HTTP server's own close cuts answers that are complete and still on their way.
      NetServer.prototype.close.call(server);
      this.#answered = Promise.withResolvers();
      for (const { connection } of this.#connections.values()) {
        if (connection.isBusy) connection.announceEnd();
        else connection.end();
      }
      await settledWithin(this.#answered.promise, timeoutMs);
    }
    // Sockets first: the end of one has nothing to do then for any of its requests.
    for (const { connection } of this.#connections.values()) connection.cut();
    await this.#cuts.allDone();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  /** Lets a connection go whose upgrade is taken: it is no plain one any more. */
  leave(socket: Duplex): void {
    const known = this.#connections.get(socket as Socket);
    if (known === undefined) return;
    const { connection, address } = known;
    connection.forget();
    this.#connections.delete(socket as Socket);
    if (address !== undefined) this.#limits.leave(address);
    this.#rest(connection);
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const { connection, answer } = this.#connections.get(request.socket) ?? this.#enter(request);
    const next = this.#isClosing ? refuse(503) : this.#expected(request, answer);
    this.#busy.add(connection);
    connection.take(request, response, next);
  };

  #enter({ socket }: IncomingMessage): Known {
    const address = plainAddress(socket.remoteAddress ?? '');
    const refusal = this.#limits.enter(address);
    const connection = new PlainConnection(socket, {
      turns: this.#turns,
      cuts: this.#cuts,
      onAnswered: this.#onAnswered,
      onTooMany: () => {
        if (refusal === undefined) this.#limits.countCut(); // else it has been counted
      },
    });
    const known = {
      connection,
      answer: refusal === undefined ? this.#answer : refuse(refusal),
      address: refusal === undefined ? address : undefined,
    };
    this.#connections.set(socket, known);
    socket.once('close', () => this.leave(socket));
    return known;
  }

  readonly #onAnswered = (connection: PlainConnection): void => {
    if (this.#answered !== undefined) connection.end();
    this.#rest(connection);
  };

  #rest(connection: PlainConnection): void {
    this.#busy.delete(connection);
    if (this.#busy.size === 0) this.#answered?.resolve();
  }

  #expect(canBeMet: boolean, request: IncomingMessage, response: ServerResponse): void {
    this.#expecting.set(request, canBeMet);
    this.#server.emit('request', request, response);
  }

  /** As the HTTP server answers, where nobody listens for expectations. */
  #expected(request: IncomingMessage, next: RequestListener): RequestListener {
    const canBeMet = this.#expecting.get(request);
    if (canBeMet === undefined) return next;
    return (incoming, response) => {
      if (canBeMet) {
        response.writeContinue();
        next(incoming, response);
      } else {
        response.writeHead(417);
        response.end();
      }
    };
  }
}

const BODIES = { 429: 'Too Many Requests', 503: 'Service Unavailable' } as const;

function refuse(status: keyof typeof BODIES): RequestListener {
  return (_, response) => answer(response, status, BODIES[status], { Connection: 'close' });
}
