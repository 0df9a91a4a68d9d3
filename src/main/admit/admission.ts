import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { EngineError, handlerError, messageOf } from '../../shared/api/errors.ts';
import { Refusal, refusalOf, refuse, withHeaders } from '../../shared/api/refusal.ts';
import type { ConnectionIdentity } from '../../shared/app/connection-link.ts';
import type { Upgrade } from '../../shared/messages/control-messages.ts';
import type { ResolvedEngineOptions } from '../../shared/options/engine-options.ts';
import { BareSocket } from '../accept/bare-socket.ts';
import { TlsStream } from '../accept/tls-stream.ts';
import { takeBuffered } from '../place/handoff.ts';
import { SocketRelay } from '../place/socket-relay.ts';
import type { ServerEntry } from '../servers/server-entry.ts';
import type { ShardGroup } from '../shards/shard-group.ts';
import type { ShardHost } from '../shards/shard-host.ts';
import { renewalOf } from './authorization.ts';
import {
  checkHandshake,
  connectionRequest,
  type Handshake,
  identify,
  type UpgradeRequest,
} from './handshake-check.ts';
import { checkOrigin } from './origin-check.ts';
import { takeToken } from './token-offer.ts';
import { ProxyTrust } from './trust-proxy.ts';

/** Everything that the engine gives to admission. */
export interface AdmissionContext {
  readonly options: ResolvedEngineOptions;
  readonly group: ShardGroup;
  /** Is aborted when the engine closes: upgrades that have not entered by then are refused. */
  readonly closing: AbortSignal;
  report(error: EngineError): void;
}

/** Takes upgrades: each ends as a connection in a shard, or refused with an HTTP error. */
export class Admission {
  readonly #context: AdmissionContext;
  readonly #proxies: ProxyTrust;
  #lastConnection = 0;

  constructor(context: AdmissionContext) {
    this.#context = context;
    this.#proxies = new ProxyTrust(context.options.trustProxy);
  }

  /** Decides on one upgrade for a server, and carries that out. @param socket is paused */
  async admit(
    entry: ServerEntry,
    request: UpgradeRequest,
    socket: Duplex | BareSocket,
    head: Buffer | undefined,
  ) {
    const { options } = entry;
    try {
      const token = takeToken(request);
      const handshake = checkHandshake(request, options);
      const { remoteAddress, host } = this.#proxies.of(request);
      const connection = connectionRequest(request, remoteAddress, token);
      checkOrigin(connection, options.origins, host);
      entry.limits.deciding(remoteAddress);
      try {
        const { closing, options: engine, group } = this.#context;
        const answer = identify(connection, options, engine.handshakeTimeout, closing);
        // To await what is there already would cost every upgrade turns of the microtask queue.
        const identity = answer instanceof Promise ? await answer : answer;
        const starting = group.running();
        if (starting !== undefined) await starting;
        if (entry.isClosed || closing.aborted) throw new Refusal(503);
        if (socket.destroyed) return;
        this.#move(entry, socket, head, handshake, identity, remoteAddress);
      } finally {
        entry.limits.decided(remoteAddress);
      }
    } catch (thrown) {
      this.#refuse(entry, socket, thrown);
    }
  }

  #move(
    entry: ServerEntry,
    socket: Duplex | BareSocket,
    head: Buffer | undefined,
    handshake: Handshake,
    identity: ConnectionIdentity,
    address: string,
  ): void {
    const isTls = socket instanceof TlsStream; // and then it is in a shard already
    const host = isTls ? socket.host : this.#context.group.place(entry);
    if (host === undefined) throw new Refusal(503);
    const connection = ++this.#lastConnection;
    const renew = this.#renewal(entry, identity);
    entry.arriving(connection, { shard: host.number, identity, handshake, renew }, address);
    host.connections += 1;
    const { id, request, data, expiry } = identity;
    // Closures find request and data here; only a module in the shard needs them there.
    const travelling = entry.closures
      ? { id, request: '', data: undefined }
      : { id, request: JSON.stringify(request), data, ...(expiry && { expiry }) };
    const upgrade = { ...travelling, ...handshake, server: entry.number, connection, head };
    const onFailed = (cause?: unknown) => {
      entry.refused(connection, host.number);
      host.connections -= 1;
      if (cause === undefined) return;
      const { endpoint } = entry.options;
      const why = messageOf(cause);
      const message = `${endpoint}: what authorize returned cannot go to a shard: ${why}`;
      this.#refuse(entry, socket, new EngineError('ERR_HANDLER', message, { cause }));
    };
    if (isMovable(socket)) {
      host.handoff.add({ socket, upgrade, onFailed });
      return;
    }
    try {
      if (isTls) socket.enter(upgrade);
      else relay(socket, host, upgrade);
    } catch (cause) {
      onFailed(cause);
    }
  }

  /** Decides on new tokens of a connection; undefined: its client is asked for none. */
  #renewal({ options }: ServerEntry, { request, expiry }: ConnectionIdentity) {
    if (!expiry?.asks) return undefined;
    const { closing, options: engine } = this.#context;
    const bounds = { timeoutMs: engine.handshakeTimeout, closing };
    return renewalOf(request, options, bounds, (error) => this.#context.report(error));
  }

  #refuse(entry: ServerEntry, socket: Duplex | BareSocket, thrown: unknown): void {
    const stream = socket instanceof BareSocket ? socket.toStream() : socket;
    const refusal = refusalOf(thrown) ?? this.#defect(entry, thrown);
    refuse(stream, withHeaders(refusal, entry.options.headers));
  }

  /** Refuses with 401 where the app threw, to refuse or by mistake; with 500 for a fault of ours. */
  #defect({ options }: ServerEntry, thrown: unknown): Refusal {
    const error = handlerError(`${options.endpoint}: deciding on an upgrade`, thrown);
    this.#context.report(error);
    return new Refusal(error === thrown ? 500 : 401);
  }
}

/** Whether a socket can move to a shard: Node.js moves connections of TCP alone. */
function isMovable(socket: Duplex | BareSocket): socket is Socket | BareSocket {
  if (socket instanceof BareSocket) return true;
  const { _handle: handle } = socket as Duplex & { readonly _handle?: object | null };
  return socket instanceof Socket && handle?.constructor.name === 'TCP';
}

/** Lets a connection enter whose socket stays here. @throws whatever `postMessage` throws */
function relay(socket: Duplex, host: ShardHost, upgrade: Upgrade): void {
  upgrade.head = takeBuffered(socket, upgrade.head);
  const relayed = new SocketRelay(socket);
  try {
    host.post({ type: 'adopt-relayed', upgrade, port: relayed.far }, [relayed.far]);
  } catch (error) {
    relayed.far.close(); // and with it the other end
    throw error;
  }
  relayed.start();
}
