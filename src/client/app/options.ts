import type { WsOptions as PageOptions } from '../page/options.ts';

/** A value, or a function that gives it anew for each attempt to connect. */
export type ForEachAttempt<Value> = Value | (() => Value | PromiseLike<Value>);

/** The URL of an endpoint. */
export type Url = ForEachAttempt<string | URL>;

/** The subprotocols to offer. */
export type Protocols = ForEachAttempt<string | string[] | null | undefined>;

/** Returns a token; without one, the attempt is made without. */
export type Auth = () => string | null | undefined | PromiseLike<string | null | undefined>;

/** Options of a client. */
export interface WsOptions extends PageOptions {
  /**
   * Returns the token of the user. It is called for each attempt to connect, and where the server
   * asks for a new one. The token travels as a subprotocol, and the server has it as
   * `request.token`.
   */
  auth?: Auth | undefined;
}
