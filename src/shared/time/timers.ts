/**
 * The timers of Node.js, as they are when this file is loaded. Tests of apps put fake ones in their
 * place later, and nobody turns those for the loops, handoffs and closes of an engine. Timeouts of
 * single asks and the like are left to the fake ones.
 */
export const { clearTimeout, queueMicrotask, setImmediate, setTimeout } = globalThis;
