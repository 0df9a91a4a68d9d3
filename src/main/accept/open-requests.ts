import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { settledWithin } from '../../shared/time/settled-within.ts';
import { answer } from '../script/plain-answer.ts';

/** The requests that one of the engine's own HTTP servers is answering; ends the server. */
export class OpenRequests {
  readonly #server: HttpServer;
  readonly #responses = new Set<ServerResponse>();
  #answered: PromiseWithResolvers<void> | undefined;

  constructor(server: HttpServer) {
    this.#server = server;
    server.on('request', this.#onRequest);
  }

  /**
   * Stops listening, and ends idle connections. Resolves when open requests have been answered, or
   * cut after `timeoutMs`.
   */
  async close(timeoutMs: number): Promise<void> {
    const server = this.#server;
    if (this.#responses.size > 0) {
      // The HTTP server's own close cuts answers that are complete and still on their way.
      NetServer.prototype.close.call(server);
      server.removeAllListeners('request').on('request', this.#onRequest).on('request', refuse);
      this.#announceEnd();
      this.#endIdle();
      this.#answered = Promise.withResolvers();
      await settledWithin(this.#answered.promise, timeoutMs);
    }
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  readonly #onRequest = (_: IncomingMessage, response: ServerResponse): void => {
    this.#responses.add(response);
    response.once('close', () => {
      this.#responses.delete(response);
      if (this.#answered === undefined) return;
      if (this.#responses.size === 0) this.#answered.resolve();
      else this.#endIdle();
    });
  };

  /** The last answer on each connection says `Connection: close`, where its head has not gone yet. */
  #announceEnd(): void {
    const last = new Map<Duplex, ServerResponse>();
    for (const response of this.#responses) last.set(response.req.socket, response);
    for (const response of last.values()) response.shouldKeepAlive = false;
  }

  /** Ends idle connections once no answer is on its way: those with one count as idle, too. */
  #endIdle(): void {
    const isOnItsWay = (response: ServerResponse) =>
      response.writableEnded && !response.writableFinished;
    if (![...this.#responses].some(isOnItsWay)) this.#server.closeIdleConnections();
  }
}

function refuse(_: IncomingMessage, response: ServerResponse): void {
  answer(response, 503, 'Service Unavailable', { Connection: 'close' });
}
