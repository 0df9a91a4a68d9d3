import { strict as assert } from 'node:assert';
import type { ClientOptions } from 'ws';
import type { Codec, CodecName, DecodedEvent } from '../../../src/shared/codec/codec.ts';
import { createCodecs } from '../../../src/shared/codec/codecs.ts';
import type { Verb } from '../fixtures/verbs.ts';
import { type Closed, TestClient } from './test-client.ts';

/** How a {@link VerbClient} opens its connection. */
export interface VerbClientOptions {
  readonly codec?: CodecName;
  readonly eventPrefix?: string;
  readonly websocket?: ClientOptions;
  readonly protocols?: string[];
}

/** A client of the handlers in `fixtures/verbs.ts`: it has its connection do one thing at a time. */
export class VerbClient implements AsyncDisposable {
  readonly connection: TestClient;
  readonly #codec: Codec;
  readonly #inbox: unknown[] = [];

  private constructor(connection: TestClient, codec: Codec) {
    this.connection = connection;
    this.#codec = codec;
  }

  static async open(
    address: { readonly port: number },
    path: string,
    options: VerbClientOptions = {},
  ): Promise<VerbClient> {
    const { codec = 'text', eventPrefix = 'iris-websocket-message:' } = options;
    const connection = await TestClient.open(address, path, options.websocket, options.protocols);
    const [spoken] = createCodecs({ codec, eventPrefix, maxEventNameBytes: 256 });
    return new VerbClient(connection, spoken as Codec);
  }

  /** Has the connection do something; resolves with what it returned when it has been done. */
  async do(verb: Verb, ...args: unknown[]): Promise<unknown> {
    this.ask(verb, ...args);
    while (true) {
      const { event, payload } = await this.#nextDecoded();
      if (event === 'result') return payload;
      if (event === 'failed') throw Object.assign(new Error(), payload);
      this.#inbox.push(event === '' ? payload : [event, payload]);
    }
  }

  /** Has the connection do something, and awaits no result. */
  ask(verb: Verb, ...args: unknown[]): void {
    this.emit('do', [verb, ...args]);
  }

  /** Sends any event. */
  emit(event: string, payload?: unknown): void {
    this.connection.send(this.#codec.encode(event, payload));
  }

  /** The next that is no result: `[event, payload]`, or a native message. */
  async next(): Promise<unknown> {
    if (this.#inbox.length > 0) return this.#inbox.shift();
    const { event, payload } = await this.#nextDecoded();
    return event === '' ? payload : [event, payload];
  }

  /** Everything up to and without the event `end`, so that what never came can be told. */
  async untilEnd(): Promise<unknown[]> {
    const received: unknown[] = [];
    while (true) {
      const message = await this.next();
      if (Array.isArray(message) && message[0] === 'end') return received;
      received.push(message);
    }
  }

  /** Resolves when the connection has ended. */
  closed(): Promise<Closed> {
    return this.connection.closed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.connection[Symbol.asyncDispose]();
  }

  /** The next event; a native message is one without a name, which no event has. */
  async #nextDecoded(): Promise<DecodedEvent> {
    const decoded = this.#codec.decode(await this.connection.next());
    if ('native' in decoded) return { event: '', payload: decoded.native };
    assert.ok('event' in decoded && decoded.ask === undefined, 'nobody asks, and nobody is asked');
    return decoded;
  }
}
