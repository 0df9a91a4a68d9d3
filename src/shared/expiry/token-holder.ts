import { EngineError } from '../api/errors.ts';
import { Refusal } from '../api/refusal.ts';
import type { ConnectionIdentity, ConnectionLink } from '../app/connection-link.ts';
import type { Inbox } from '../app/inbox.ts';
import { Ask, type Askable, onlyAnswer } from '../ask/ask.ts';
import { TOKEN } from '../codec/event-rules.ts';
import { CLOSE_CODES } from '../codec/frame.ts';
import type { Expirable } from './expiries.ts';

/** A connection in the thread of its handlers, as one whose time is limited. */
export class TokenHolder implements Expirable {
  readonly #app: Askable;
  readonly #inbox: Inbox;
  readonly #link: ConnectionLink;
  readonly #identity: ConnectionIdentity;

  constructor(app: Askable, inbox: Inbox, link: ConnectionLink, identity: ConnectionIdentity) {
    this.#app = app;
    this.#inbox = inbox;
    this.#link = link;
    this.#identity = identity;
  }

  get number(): number {
    return this.#link.number;
  }

  get isLeaving(): boolean {
    return this.#inbox.isLeaving;
  }

  async askToken(timeoutMs: number): Promise<unknown> {
    this.#inbox.expectAnswers(); // it has said so by offering a token
    const ask = new Ask([this.#app], (codec) => codec.encode(TOKEN), timeoutMs);
    return onlyAnswer(ask.result, TOKEN, timeoutMs);
  }

  changeData(data: unknown): void {
    this.#identity.data = data;
    this.#inbox.tell('dataChange', data);
  }

  expire(reason: string, why: string): void {
    // A no-op but where the 101 has not left: it would wait for `onConnection`, and the Close behind it.
    this.#link.refuse(new Refusal(401, reason));
    this.#inbox.disconnect(CLOSE_CODES.TOKEN_EXPIRED, reason);
    const closeCode = CLOSE_CODES.TOKEN_EXPIRED;
    this.#inbox.clientFailed(new EngineError('ERR_TOKEN_EXPIRED', why, { closeCode }));
  }

  onEnd(fn: () => void): void {
    this.#inbox.addDisconnectHandler(fn);
  }
}
