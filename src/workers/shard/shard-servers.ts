import type { Duplex } from 'node:stream';
import { type EngineError, serializeError } from '../../shared/api/errors.ts';
import type { HandlerModule } from '../../shared/api/public-types.ts';
import { Refusal, refuse, withHeaders } from '../../shared/api/refusal.ts';
import type { DrainTimes, Upgrade } from '../../shared/messages/control-messages.ts';
import type { ShardServerOptions } from '../../shared/options/server-options.ts';
import { settledWithin } from '../../shared/time/settled-within.ts';
import type { Dispatch } from '../connection/socket-context.ts';
import { ShardServer } from '../deliver/shard-server.ts';
import { endHandlers, loadHandlers, startHandlers } from './handler-module.ts';
import { startKeepalive } from './keepalive.ts';
import type { ShardContext } from './shard-context.ts';
import { WaitingUpgrades } from './waiting-upgrades.ts';

/** A server of this shard, from the moment the primary has named it. */
interface Entry {
  /** Go on refusals, too. */
  readonly headers: ShardServerOptions['headers'];
  /** Pending while its handler module is being loaded; rejects where that fails, or is given up. */
  readonly ready: Promise<ShardServer>;
  readonly giveUp: () => void;
  readonly waiting: WaitingUpgrades;
  /** Whether connections may come. */
  isReady: boolean;
  stopKeepalive?: () => void;
  /** Calls `onClose` of its module, which it has. */
  onClose?: () => Promise<void>;
  /** Set once `onClose` has been called; does not reject. */
  ending?: Promise<void>;
}

/** The part of the time to close that is left to `onClose`, whatever connections and handlers do. */
const FOR_ON_CLOSE = 1 / 4;

/** The servers of one shard: each is added, loads its handlers, takes connections, is closed. */
export class ShardServers {
  /** Servers that records are for: a module gets answers of other shards while it starts. */
  readonly loaded = new Map<number, ShardServer>();
  readonly #shard: ShardContext;
  readonly #waitMs: number;
  readonly #createDispatch: (module: HandlerModule | undefined) => Dispatch;
  readonly #entries = new Map<number, Entry>();

  /**
   * @param waitMs milliseconds that an upgrade may wait for its server
   * @param createDispatch makes the way to a server's handlers, wherever they are
   */
  constructor(
    shard: ShardContext,
    waitMs: number,
    createDispatch: (module: HandlerModule | undefined) => Dispatch,
  ) {
    this.#shard = shard;
    this.#waitMs = waitMs;
    this.#createDispatch = createDispatch;
  }

  /** Adds a server, and tells the primary when it is ready or has failed to load. */
  add(number: number, options: ShardServerOptions): void {
    const { promise: ready, resolve, reject } = Promise.withResolvers<ShardServer>();
    const waiting = new WaitingUpgrades(this.#waitMs);
    const { headers } = options;
    const entry: Entry = { headers, ready, giveUp: () => reject(), waiting, isReady: false };
    ready.then(
      (server) => waiting.enter(server),
      () => waiting.refuse(),
    );
    this.#entries.set(number, entry);
    this.#load(number, options, entry).then(
      (server) => {
        if (this.#entries.get(number) !== entry) {
          void this.#end(entry); // closed before its module was ready, which has to let go all the same
          return;
        }
        entry.isReady = true;
        entry.stopKeepalive = startKeepalive(server);
        this.#shard.tell({ type: 'server-added', server: number });
        resolve(server);
      },
      (error: EngineError) => {
        this.loaded.delete(number);
        waiting.refuse(); // before the primary hears of it, which may end this thread
        this.#shard.tell({ type: 'server-added', server: number, error: serializeError(error) });
        reject(error);
      },
    );
  }

  /**
   * Hands an upgrade to its server. The upgrade waits for a time while the server loads its
   * handlers. It is refused if that has failed, or the server has just been removed.
   */
  whenReady(
    { server, connection }: Upgrade,
    take: (server: ShardServer) => void,
    socket: () => Duplex | undefined,
  ): void {
    const entry = this.#entries.get(server);
    if (entry?.isReady) {
      take(this.loaded.get(server) as ShardServer);
      return;
    }
    const turnAway = () => {
      const refused = socket();
      const refusal = withHeaders(new Refusal(503), entry?.headers ?? {});
      if (refused !== undefined) refuse(refused, refusal);
      this.#shard.tell({ type: 'refused', server, connection });
    };
    if (entry === undefined) turnAway();
    else entry.waiting.add({ take, refuse: turnAway });
  }

  /** Closes a server, its connections first. */
  async close(number: number, times: DrainTimes): Promise<void> {
    const entry = this.#entries.get(number);
    const deadline = performance.now() + times.timeoutMs;
    // Nothing waits for a module that is still being loaded at the deadline: nobody has entered.
    if (entry !== undefined) await settledWithin(entry.ready, times.timeoutMs);
    entry?.giveUp(); // upgrades that wait are refused
    const share = entry?.isReady && entry.onClose ? 1 - FOR_ON_CLOSE : 1;
    const { drainMs } = times;
    await this.loaded.get(number)?.close({ timeoutMs: times.timeoutMs * share, drainMs });
    if (entry?.isReady) await settledWithin(this.#end(entry), deadline - performance.now());
    entry?.stopKeepalive?.();
    this.#entries.delete(number);
    this.loaded.delete(number);
  }

  async closeAll(times: DrainTimes): Promise<void> {
    await Promise.all([...this.#entries.keys()].map((number) => this.close(number, times)));
  }

  /** Calls `onClose`, once; the engine is told where it fails. */
  #end(entry: Entry): Promise<void> {
    entry.ending ??= (entry.onClose?.() ?? Promise.resolve()).catch((error: EngineError) =>
      this.#shard.report(error),
    );
    return entry.ending;
  }

  async #load(number: number, options: ShardServerOptions, entry: Entry): Promise<ShardServer> {
    const { handlers } = options;
    const module = handlers === undefined ? undefined : await loadHandlers(handlers);
    const dispatch = this.#createDispatch(module);
    const server = new ShardServer(this.#shard, number, options, dispatch, module?.events);
    if (!this.#entries.has(number)) return server; // too late
    this.loaded.set(number, server);
    if (module?.onServer !== undefined) await startHandlers(module, server.app);
    if (module?.onClose !== undefined) entry.onClose = () => endHandlers(module, server.app);
    return server;
  }
}
