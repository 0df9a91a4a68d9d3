import type {
  AnyEvents,
  Connection,
  EventHandler,
  HandlerOptions,
} from '../../shared/api/public-types.ts';
import { AppServer } from '../../shared/app/app-server.ts';
import {
  type CloseOptions,
  closeWith,
  type ResolvedCloseOptions,
} from '../../shared/options/engine-options.ts';
import type { Verbs } from '../../shared/spread/verbs.ts';

/** A server's life in its engine. */
export interface Life {
  /** Resolves when every shard has the server; rejects with ERR_HANDLERS_LOAD, ERR_ENGINE_CLOSED. */
  readonly ready: Promise<void>;
  /** @throws EngineError ERR_OPTION, ERR_HANDLERS_CONFLICT */
  addConnectionHandler(fn: EventHandler<Connection>, options?: HandlerOptions): () => void;
  close(options: ResolvedCloseOptions): Promise<void>;
}

/** One WebSocket server of an engine, as the app sees it; made by `engine.server()`. */
export class Server<Events extends object = AnyEvents, Data = unknown> extends AppServer<Events> {
  readonly #life: Life;

  constructor(verbs: Verbs, life: Life) {
    super(verbs);
    this.#life = life;
  }

  /**
   * Resolves when every shard is ready for its connections, some time after the engine has begun to
   * listen; earlier upgrades wait.
   * @throws EngineError ERR_HANDLERS_LOAD; ERR_ENGINE_CLOSED where that comes first
   */
  get ready(): Promise<void> {
    return this.#life.ready;
  }

  /**
   * Calls `fn` with each new connection, on the primary; several are called in their order. The
   * connection opens when their promises have resolved; a rejection refuses it.
   * @returns a function that takes the handler away
   * @throws EngineError ERR_HANDLERS_CONFLICT where the server has a handler module
   */
  onConnection(fn: EventHandler<Connection<Events, Data>>, options?: HandlerOptions): () => void {
    return this.#life.addConnectionHandler(fn as never, options);
  }

  /**
   * Takes the server out of the running engine. Its endpoint is free at once. Its connections are
   * closed with 1001, one after the other, behind all messages sent to them before the call. Resolves
   * when the last one has ended.
   * @throws EngineError ERR_OPTION
   */
  close(options: CloseOptions = {}): Promise<void> {
    return closeWith(options, (resolved) => this.#life.close(resolved));
  }
}
