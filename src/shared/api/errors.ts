/** The codes of {@link EngineError}, with their meanings; docs/api.md lists them too. */
export const ERROR_CODES = {
  ERR_OPTION: 'an option is unknown, of the wrong type or out of its range',
  ERR_ENDPOINT_TAKEN: 'two servers of one engine on one endpoint',
  ERR_HANDLERS_CONFLICT: 'a server has a handler module and closures on the primary',
  ERR_HANDLERS_LOAD:
    'a handler module cannot be loaded, ends its shard or lacks onConnection, or onServer threw',
  ERR_HANDOFF_LOST: 'connections did not get to their shard: file descriptors have run out',
  ERR_HANDOFF_UNSUPPORTED: 'this Node.js cannot move a socket to a worker thread',
  ERR_CONNECTION_ID: 'idGenerator returned an id that is in use, or none',
  ERR_ENGINE_CLOSED: 'the engine or the server has been closed',
  ERR_SHARD_EXIT: 'a shard died',
  ERR_EVENT_NAME: 'an event name is empty, too long, reserved, or holds what no name may',
  ERR_ROOM_NAME: 'a room name is not a string, is empty or is too long',
  ERR_ROOM_LIMIT: 'a connection is in as many rooms as it may be',
  ERR_PAYLOAD: 'a payload cannot be encoded',
  ERR_PAYLOAD_INVALID: 'a payload or an answer does not match the schema of its event',
  ERR_CLOSE_CODE: 'a close code may not be sent, or a close reason is too long',
  ERR_MALFORMED_EVENT: 'an event came that cannot be decoded',
  ERR_PROTOCOL: 'a client broke RFC 6455; the connection is closed with closeCode',
  ERR_MESSAGE_SIZE: 'a client sent a message larger than maxMessageSize',
  ERR_SLOW_CONSUMER: 'a connection has more than maxBufferedBytes waiting to be sent',
  ERR_RATE_LIMIT: 'a client sent more than rateLimit allows',
  ERR_WRITE_TIMEOUT: 'bytes wait, and none has moved within writeTimeout',
  ERR_PONG_TIMEOUT: 'neither a pong nor any other byte arrived within pongTimeout',
  ERR_TOKEN_EXPIRED: 'the token of a client has expired, or its new one was refused',
  ERR_OUTBOX_FULL: 'the outbox behind a full ring has reached maxOutboxBytes',
  ERR_EMITTER_LIMIT: 'as many emitters are open as maxEmitters allows',
  ERR_ACK_TIMEOUT: 'no answer came within timeoutMs',
  ERR_ACK_UNSUPPORTED:
    'the other side is not known to answer: an old client, or one that has not said so',
  ERR_ACK_FAILED: 'the other side has no handler for the event, or its handler failed',
  ERR_CONNECTION_ENDED: 'the connection ended before the answer came',
  ERR_ATTEMPT: 'url, protocols or auth of a client threw, took too long or gave a wrong value',
  ERR_QUEUE_FULL: 'a client that is not connected has maxQueuedMessages messages waiting',
  ERR_HANDLER: 'a handler of the app threw, or was still at work when timeoutMs of close was over',
} as const;

/** One of the codes in {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The options of an {@link EngineError}, beside its code and message. */
export interface EngineErrorOptions {
  /** The error that caused this one. */
  cause?: unknown | undefined;
  /** The RFC 6455 close code that goes to the client, where the error closes its connection. */
  closeCode?: number | undefined;
}

/** An {@link EngineError} in a form that survives a structured clone. */
export interface SerializedError {
  code: ErrorCode;
  message: string;
  closeCode?: number;
  cause?: { message: string; stack: string };
}

/** The one error class of this library; `code` says which error it is. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: ErrorCode;
  declare readonly closeCode?: number; // declared alone: else all would have it, undefined

  constructor(code: ErrorCode, message: string, options: EngineErrorOptions = {}) {
    super(message, options);
    this.code = code;
    if (options.closeCode !== undefined) this.closeCode = options.closeCode;
  }
}

/** Takes an error apart, to cross threads: a structured clone would lose its class and code. */
export function serializeError({ code, message, closeCode, cause }: EngineError): SerializedError {
  const serialized: SerializedError = { code, message };
  if (closeCode !== undefined) serialized.closeCode = closeCode;
  const stack = stackOf(cause);
  if (stack) serialized.cause = { message: messageOf(cause), stack: withoutInternals(stack) };
  return serialized;
}

/** A stack without the frames of Node.js, which tell an app nothing. */
function withoutInternals(stack: string): string {
  return stack.replace(/\n {4}at [^\n]*\bnode:internal\/[^\n]*/g, '');
}

/** Makes the error that {@link serializeError} took apart. */
export function deserializeError({ code, message, ...rest }: SerializedError): EngineError {
  const { cause, closeCode } = rest;
  const options: EngineErrorOptions = closeCode === undefined ? {} : { closeCode };
  if (cause !== undefined) {
    options.cause = Object.assign(new Error(cause.message), { stack: cause.stack });
  }
  const error = new EngineError(code, message, options);
  error.stack = `${error.name}: ${message}`; // the frames here are not those where it came about
  return error;
}

/** The text of any thrown value; never throws itself. */
export function messageOf(thrown: unknown): string {
  const text = attempt(() => String(thrown instanceof Error ? thrown.message : thrown));
  return text ?? 'a value without text'; // an object without a prototype, say
}

/** The stack of an error; undefined for anything else. Never throws itself. */
export function stackOf(thrown: unknown): string | undefined {
  return attempt(() => (thrown instanceof Error ? String(thrown.stack) : undefined));
}

/** An error of this library for a value that code of the app threw; never throws itself. */
export function handlerError(what: string, thrown: unknown): EngineError {
  if (attempt(() => thrown instanceof EngineError)) return thrown as EngineError;
  return new EngineError('ERR_HANDLER', `${what} threw: ${messageOf(thrown)}`, { cause: thrown });
}

/** Looks at a thrown value, which may be hostile: even a look at a revoked proxy throws. */
function attempt<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
