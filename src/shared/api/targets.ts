/** Everyone on the server, the sender too. */
export const All = '';

/** Everyone on the server but the sender; from outside any connection: everyone. */
export const NotMe: unique symbol = Symbol.for('fanring.NotMe');

/** @alias Another name of {@link NotMe}, as iris has it. */
export const Broadcast: typeof NotMe = NotMe;

/**
 * Whom a message is for: {@link All}, {@link NotMe}, a room's name or a connection's id (everyone
 * is in the room named by its own id). An unknown room or id reaches nobody. NotMe is a symbol so
 * that no name a client thinks of can mean it.
 */
export type Target = string | typeof NotMe;

/** One target, or several: everyone whom any of them means, each once. None of them is nobody. */
export type Targets = Target | readonly Target[];

/** Whose connections an app means that calls a server: targets, or a room said so. */
export type Whom = Targets | { readonly room: string };
