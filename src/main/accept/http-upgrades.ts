import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Refusal, refuse } from '../../shared/api/refusal.ts';
import { clearTimeout, setTimeout } from '../../shared/time/timers.ts';
import type { UpgradeRequest } from '../admit/handshake-check.ts';
import { elementsOf } from '../admit/header-list.ts';
import type { BareSocket } from './bare-socket.ts';
import { pathOf } from './request-target.ts';

/** Takes one upgrade. */
type TakeUpgrade = (
  request: UpgradeRequest,
  socket: Duplex | BareSocket,
  head: Buffer | undefined,
) => void;

/** Returns a function that takes an upgrade of a path; undefined: this engine takes none there. */
export type FindEndpoint = (path: string | undefined) => TakeUpgrade | undefined;

// @types/node does not have it yet (Node.js 24.9).
interface UpgradingServer {
  shouldUpgradeCallback: (request: IncomingMessage) => boolean;
}

const sources = new WeakMap<HttpServer, UpgradeSource>();

/**
 * Takes upgrades from an HTTP server for an engine's endpoints. Those of other paths stay with the
 * server's other listeners; where there are none they are answered with 404.
 * @param timeoutMs milliseconds that an upgrade waits for answers to requests ahead of it
 * @returns a function that ends this, and cuts those of the engine's upgrades that still wait
 */
export function takeUpgrades(
  server: HttpServer,
  find: FindEndpoint,
  timeoutMs: number,
): () => void {
  const source = sources.get(server) ?? new UpgradeSource(server);
  sources.set(server, source);
  source.engines.set(find, timeoutMs);
  return () => source.remove(find);
}

/** One HTTP server, whose upgrades any number of engines share with the app. */
class UpgradeSource {
  /** Each engine with the time that its upgrades wait for answers, in ms. */
  readonly engines = new Map<FindEndpoint, number>();
  readonly #server: HttpServer & UpgradingServer;
  readonly #appsChoice: UpgradingServer['shouldUpgradeCallback'];
  /** Responses that are not finished, by their socket. */
  readonly #responses = new WeakMap<Duplex, Set<ServerResponse>>();
  /** Upgrades that wait for answers, with their engine: the HTTP server has forgotten them. */
  readonly #waiting = new Map<Duplex, FindEndpoint | undefined>();

  constructor(server: HttpServer) {
    this.#server = server as HttpServer & UpgradingServer;
    this.#appsChoice = this.#server.shouldUpgradeCallback;
    this.#server.shouldUpgradeCallback = (request) => this.#shouldUpgrade(request);
    server.on('request', this.#onRequest);
    server.on('upgrade', this.#onUpgrade);
  }

  /** Ends an engine's part: its upgrades that wait are cut, with the last engine all of them. */
  remove(find: FindEndpoint): void {
    this.engines.delete(find);
    for (const [socket, engine] of this.#waiting) {
      if (engine === find || this.engines.size === 0) socket.destroy();
    }
    if (this.engines.size > 0) return;
    sources.delete(this.#server);
    this.#server.shouldUpgradeCallback = this.#appsChoice;
    this.#server.off('request', this.#onRequest);
    this.#server.off('upgrade', this.#onUpgrade);
  }

  get #appListens(): boolean {
    return this.#server.listenerCount('upgrade') > 1;
  }

  /** Whether to treat a request as an upgrade; one that no one takes (h2c, say) is a plain one. */
  #shouldUpgrade(request: IncomingMessage): boolean {
    if (this.#find(request) !== undefined) return true;
    return this.#appListens ? this.#appsChoice.call(this.#server, request) : isWebSocket(request);
  }

  #find(request: IncomingMessage): { find: FindEndpoint; take: TakeUpgrade } | undefined {
    if (!isWebSocket(request)) return undefined;
    const path = pathOf(request.url);
    for (const find of this.engines.keys()) {
      const take = find(path);
      if (take !== undefined) return { find, take };
    }
    return undefined;
  }

  /** The refusal of an upgrade for no endpoint; it names one that differs in the slash behind it. */
  #notFound({ url }: IncomingMessage): Refusal {
    const path = pathOf(url) ?? '';
    const other = path.endsWith('/') ? path.slice(0, -1) : `${path}/`;
    const isNear = other !== '' && [...this.engines.keys()].some((find) => find(other));
    return new Refusal(404, isNear ? `Not Found: the endpoint is ${other}` : undefined);
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const found = this.#find(request);
    if (found === undefined && this.#appListens) return;
    socket.pause(); // later bytes are for the shard
    socket.on('error', () => {}); // the client may go at any time: no one is left to tell
    const answer = () => {
      if (socket.destroyed) return;
      if (found === undefined) refuse(socket, this.#notFound(request));
      else found.take(request, socket, head);
    };
    // A client may have sent requests ahead of its upgrade: their answers come first.
    const responses = this.#responses.get(socket);
    if (responses === undefined || responses.size === 0) answer();
    else this.#whenAnswered(socket, responses, found?.find, answer);
  };

  /** Waits with a deadline: the socket is paused, so its end would go unnoticed. */
  #whenAnswered(
    socket: Duplex,
    responses: ReadonlySet<ServerResponse>,
    find: FindEndpoint | undefined,
    answer: () => void,
  ): void {
    this.#waiting.set(socket, find);
    const timeoutMs = find === undefined ? undefined : this.engines.get(find);
    const longest = timeoutMs ?? Math.max(...this.engines.values());
    const deadline = setTimeout(() => socket.destroy(), longest);
    const done = () => {
      clearTimeout(deadline);
      this.#waiting.delete(socket);
    };
    socket.once('close', done);
    for (const response of responses) {
      response.once('close', () => {
        if (responses.size > 0) return;
        done();
        answer();
      });
    }
  }

  readonly #onRequest = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    const responses = this.#responses.get(socket) ?? new Set();
    this.#responses.set(socket, responses.add(response));
    response.once('close', () => responses.delete(response));
  };
}

/** Whether a request asks for an upgrade to WebSocket. */
export function isWebSocket({ headers }: Pick<UpgradeRequest, 'headers'>): boolean {
  const { upgrade } = headers;
  if (upgrade === undefined) return false;
  if (upgrade === 'websocket') return true; // as nearly every client writes it
  return elementsOf(upgrade.toLowerCase()).includes('websocket');
}
