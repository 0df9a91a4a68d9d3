import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { queueMicrotask } from '../../shared/time/timers.ts';
import type { Cuts } from './cuts.ts';
import type { PlainTurns } from './plain-turns.ts';

/** The most requests of a connection that the app has at a time; the next ones wait. */
const MOST_AT_ONCE = 16;
/** Bytes of answers that wait to be sent, of one connection: from here on its requests wait. */
const MOST_OUTPUT = 64 * 2 ** 10;
/** The most requests of a connection without an answer; with more it is cut. */
const MOST_UNANSWERED = 128;

/** A request that has come. */
interface Pending {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly answer: RequestListener;
}

/** Everything that a connection needs of those who have it. */
interface PlainContext {
  readonly turns: PlainTurns;
  readonly cuts: Cuts;
  /** Is called when no request is left, each time. */
  onAnswered(connection: PlainConnection): void;
  /** Is called when it is cut because of one request too many. */
  onTooMany(): void;
}

/** A socket with the HTTP server's parser, which says of each request what to do with the rest. */
interface ParsedSocket extends Socket {
  readonly parser?: { onIncoming: () => number } | null;
}

/** Returns the number by which the parser leaves the rest alone, as behind an upgrade. */
const leaveRest = () => 2;

/**
 * A connection of one of the engine's own HTTP servers that has sent requests. A client may send
 * requests one behind the other, and read no answer. So few of them are answered at a time, and
 * nothing is read while others wait.
 */
export class PlainConnection {
  readonly #socket: Socket;
  readonly #context: PlainContext;
  readonly #running = new Set<ServerResponse>();
  #waiting: Pending[] = [];
  #isOver = false;

  constructor(socket: Socket, context: PlainContext) {
    this.#socket = socket;
    this.#context = context;
  }

  /** Whether the client waits for answers. */
  get isBusy(): boolean {
    return this.unanswered > 0;
  }

  /** The number of its requests that have no answer yet. */
  get unanswered(): number {
    return this.#running.size + this.#waiting.length;
  }

  /** Has a request answered, now or later; cuts the connection where it is one too many. */
  take(request: IncomingMessage, response: ServerResponse, answer: RequestListener): void {
    if (this.#isOver) return; // the HTTP server parses its last bytes to their end
    if (this.unanswered >= MOST_UNANSWERED) {
      this.cut();
      this.#context.onTooMany();
      return;
    }
    this.#waiting.push({ request, response, answer });
    this.#answerNext();
    if (this.#waiting.length > 0) this.#stopReading();
  }

  /** Later, and each time: the HTTP server reads on behind each request, and for its body. */
  #stopReading(): void {
    queueMicrotask(() => {
      if (this.#waiting.length > 0) this.#socket.pause();
    });
  }

  /** The last answer says `Connection: close`, where its head has not gone yet. */
  announceEnd(): void {
    const last = this.#waiting.at(-1)?.response ?? [...this.#running].at(-1);
    if (last !== undefined) last.shouldKeepAlive = false;
  }

  /** Ends it behind what it has been answered. */
  end(): void {
    this.forget();
    this.#socket.destroySoon();
  }

  /** Ends it without a word, in one of the next turns. */
  cut(): void {
    this.#context.cuts.add(this.#socket, this.unanswered);
    this.forget();
    this.#socket.pause();
    // The HTTP server would go on to parse what it has read: thousands of requests for nobody.
    const { parser } = this.#socket as ParsedSocket;
    if (parser) parser.onIncoming = leaveRest;
  }

  /** Forgets its requests: nobody waits for answers any more. */
  forget(): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#running.clear();
    this.#context.turns.forget(this.#goOn);
  }

  #answerNext(): void {
    const { turns } = this.#context;
    while (this.#waiting.length > 0 && this.#running.size < MOST_AT_ONCE && !this.#isBackedUp) {
      if (!turns.takeTime()) {
        turns.wait(this.#goOn);
        return;
      }
      const { request, response, answer } = this.#waiting.shift() as Pending;
      this.#running.add(response);
      response.once('close', () => this.#answered(response));
      answer(request, response);
    }
  }

  get #isBackedUp(): boolean {
    let bytes = 0;
    for (const response of this.#running) bytes += response.writableLength;
    return bytes >= MOST_OUTPUT;
  }

  #answered(response: ServerResponse): void {
    if (!this.#running.delete(response) || this.#socket.destroyed) return;
    this.#goOn();
    if (!this.isBusy) this.#context.onAnswered(this);
  }

  /** Has those answered that have waited, as far as there is room and time. */
  readonly #goOn = (): void => {
    const hasWaited = this.#waiting.length > 0;
    this.#answerNext();
    if (hasWaited && this.#waiting.length === 0) this.#readOn();
  };

  /** Reads on, but behind an upgrade: those bytes are not for the HTTP server. */
  #readOn(): void {
    const hasUpgraded = (this.#socket as ParsedSocket).parser === null;
    if (!hasUpgraded) this.#socket.resume();
  }
}
