import { AsyncResource } from 'node:async_hooks';
import { EngineError } from '../api/errors.ts';
import { clearTimeout, setTimeout } from '../time/timers.ts';

/** Milliseconds for which errors are counted, from the first of them on. */
const WINDOW = 1000;
/** Errors of a kind that are told one by one in a window. */
const MOST_TOLD = 5;
/** Kinds by code and message in a window; beyond them the code alone makes a kind. */
const MOST_KINDS = 50;

/** The errors of one kind in a window. */
interface Kind {
  readonly of: 'this' | 'this code';
  told: number;
  /** Those that have not been told. */
  held: number;
  last: EngineError;
}

/**
 * Tells few of many errors that are alike, as they come: a client may cause thousands in a second.
 * The rest are counted, and told as one error at the end of a second. No kind of error is left out.
 */
export class RepeatedErrors {
  readonly #tell: (error: EngineError) => void;
  /** The timer must not keep the context of whoever reports. */
  readonly #context = new AsyncResource('fanring.RepeatedErrors');
  #kinds = new Map<string, Kind>();
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (error: EngineError) => void) {
    this.#tell = tell;
  }

  /** Tells an error, or counts it. */
  report(error: EngineError): void {
    this.#timer ??= this.#context.runInAsyncScope(() => setTimeout(this.flush, WINDOW).unref());
    const kind = this.#kindOf(error);
    if (kind.told < MOST_TOLD) {
      kind.told += 1;
      this.#tell(error);
    } else {
      kind.held += 1;
      kind.last = error;
    }
  }

  /** Tells of the errors that have been counted, and begins anew. */
  readonly flush = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const kinds = this.#kinds;
    this.#kinds = new Map();
    for (const kind of kinds.values()) if (kind.held > 0) this.#tell(summaryOf(kind));
  };

  #kindOf(error: EngineError): Kind {
    const { code, message } = error;
    const isKnown = this.#kinds.has(`${code} ${message}`);
    const of = isKnown || this.#kinds.size < MOST_KINDS ? 'this' : 'this code';
    const key = of === 'this' ? `${code} ${message}` : code;
    let kind = this.#kinds.get(key);
    if (kind === undefined) {
      kind = { of, told: 0, held: 0, last: error };
      this.#kinds.set(key, kind);
    }
    return kind;
  }
}

/** The last of the errors that have not been told; its message says how many more there were. */
function summaryOf({ of, held, last }: Kind): EngineError {
  if (held === 1) return last;
  const { code, message, closeCode, cause, stack } = last;
  const which = of === 'this' ? 'more' : 'more with this code';
  const options = { closeCode, cause };
  const summary = new EngineError(code, `${message} (and ${held - 1} ${which})`, options);
  // Where the last one came from; the frames here tell nothing.
  summary.stack = String(stack).replace(message, () => summary.message);
  return summary;
}
