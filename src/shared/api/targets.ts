/** Everyone on the server, the sender too. */
export const All = '';

/** Everyone on the server but the sender; from outside any connection: everyone. */
export const NotMe: unique symbol = Symbol.for('fanring.NotMe');

/** @alias Another name of {@link NotMe}, as iris has it. */
export const Broadcast: typeof NotMe = NotMe;

/**
 * The receivers of a message: {@link All}, {@link NotMe}, a room's name or a connection's id (each
 * connection is in the room of its own id). An unknown room or id reaches nobody. NotMe is a
 * symbol, so that no name from a client can mean it.
 */
export type Target = string | typeof NotMe;

/** One target, or several: a connection of any of them gets one message. [] is nobody. */
export type Targets = Target | readonly Target[];

/** The connections that a call of a server is for: targets, or a room named as such. */
export type Whom = Targets | { readonly room: string };
