import { EngineError } from '../../shared/api/errors.ts';
import { TOKEN } from '../../shared/codec/event-rules.ts';
import { isFunction, optionalFunction } from '../../shared/options/option-rules.ts';
import { mayReconnect } from '../connect/backoff.ts';
import type { Disconnection } from '../connect/connection.ts';
import { offeredProtocols } from '../connect/offered-protocols.ts';
import { websocketUrl } from '../connect/websocket-url.ts';
import { Exchange } from '../exchange/exchange.ts';
import { AppListeners } from '../listen/app-listeners.ts';
import { EventListeners } from '../listen/event-listeners.ts';
import type { Hooks } from '../listen/hooks.ts';
import { report } from '../listen/listeners.ts';
import { checkClient, RULES } from '../page/checks.ts';
import { nextTarget, tokenOf } from './attempt.ts';
import type { Auth, Protocols, Url, WsOptions } from './options.ts';

/** Close code of a server whose connection's token has expired (PROTOCOL.md). */
const TOKEN_EXPIRED = 4401;

const APP_RULES = { ...RULES, auth: optionalFunction() };

/**
 * The messages of a client of an app. Beside those of a page it has functions that say where to
 * connect to, tokens, and listeners that can be taken away.
 */
export class AppExchange extends Exchange {
  override readonly events = new EventListeners();
  override readonly hooks = new AppListeners<Hooks>();
  override readonly report = (error: unknown) => {
    // Whenever `auth` fails, the same listeners hear of it.
    if (error instanceof EngineError && error.code === 'ERR_ATTEMPT') this.tellError(error);
    else report(error);
  };
  /** Whether the app has said how to connect anew, or that the client should not. */
  readonly isReconnectGiven: boolean;
  readonly #nextTarget: (() => ReturnType<typeof nextTarget>) | undefined;
  /** Runs until the functions of an attempt have to be done. */
  #attemptTimer: ReturnType<typeof setTimeout> | undefined;

  /** @throws TypeError for a URL that is none; EngineError ERR_OPTION */
  constructor(url: Url, protocols: Protocols, options: WsOptions) {
    const isUrlKnown = !isFunction(url);
    const isAllKnown = isUrlKnown && !isFunction(protocols);
    checkClient(
      isUrlKnown ? url : '//',
      isFunction(protocols) ? [] : protocols,
      options,
      APP_RULES,
    );
    const { auth, codec, reconnect } = options;
    // A wrong one throws at once, whatever else has to be called first.
    const path = isUrlKnown ? websocketUrl(url as string, globalThis.location) : '';
    const offered = isAllKnown ? offeredProtocols(codec, protocols as string[]) : [];
    super([path, offered], {
      ...options,
      reconnect: auth ? withFreshTokens(reconnect) : reconnect,
    });
    this.isReconnectGiven = reconnect !== undefined;
    if (auth) this.events.add(TOKEN, () => freshToken(auth));
    if (auth || !isAllKnown) {
      this.#nextTarget = () => nextTarget(url, protocols, { auth, codec });
    }
  }

  /** Loads the codec, and calls the functions of the app. */
  override prepare(): Promise<unknown> | undefined {
    const codec = super.prepare();
    if (!this.#nextTarget) return codec;
    return Promise.all([codec, this.#aim(this.#nextTarget())]);
  }

  override ended(end: Disconnection): void {
    clearTimeout(this.#attemptTimer);
    super.ended(end);
  }

  async #aim(target: ReturnType<typeof nextTarget>): Promise<void> {
    const { connectTimeoutMs = 10_000 } = this.options;
    const late = new Promise<never>((_, reject) => {
      const why = `url, protocols and auth took longer than connectTimeoutMs (${connectTimeoutMs})`;
      this.#attemptTimer = setTimeout(
        () => reject(new EngineError('ERR_ATTEMPT', why)),
        connectTimeoutMs,
      );
    });
    try {
      this.target = await Promise.race([target, late]);
    } catch (error) {
      if (this.connection.state !== 'closed') this.tellError(error);
      throw error;
    } finally {
      clearTimeout(this.#attemptTimer);
    }
  }
}

/** The token that a server has asked for. @throws EngineError ERR_ATTEMPT where there is none */
async function freshToken(auth: Auth): Promise<string> {
  const token = await tokenOf(auth);
  if (token) return token;
  throw new EngineError('ERR_ATTEMPT', 'auth gave no token, and the server asked for one');
}

/** Comes back, too, where the token has expired: the next attempt has another one. */
function withFreshTokens(reconnect: WsOptions['reconnect']): WsOptions['reconnect'] {
  if (reconnect === false) return false;
  const shouldReconnect: typeof mayReconnect = (reason) =>
    reason.code === TOKEN_EXPIRED || mayReconnect(reason);
  return { ...reconnect, shouldReconnect: reconnect?.shouldReconnect ?? shouldReconnect };
}
