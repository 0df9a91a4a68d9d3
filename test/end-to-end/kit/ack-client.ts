import { strict as assert } from 'node:assert';
import {
  CODEC_SUBPROTOCOLS,
  type Codec,
  type CodecName,
  type Decoded,
  type DecodedEvent,
} from '../../../src/shared/codec/codec.ts';
import { createCodecs } from '../../../src/shared/codec/codecs.ts';
import type { Errand } from '../fixtures/acks.ts';
import { TestClient } from './test-client.ts';

const OPTIONS = { eventPrefix: 'iris-websocket-message:', maxEventNameBytes: 256 };

/** A client that asks and answers by hand, so that a test says what goes over the wire and when. */
export class AckClient implements AsyncDisposable {
  readonly connection: TestClient;
  readonly codec: Codec;
  readonly #inbox: Decoded[] = [];
  #lastAsk = 0;

  private constructor(connection: TestClient, codec: Codec) {
    this.connection = connection;
    this.codec = codec;
  }

  /** @param protocols by default the codec's own, which says that the client answers */
  static async open(
    address: { readonly port: number },
    path: string,
    codec: CodecName,
    protocols: string[] = [CODEC_SUBPROTOCOLS[codec]],
  ): Promise<AckClient> {
    const connection = await TestClient.open(address, path, {}, protocols);
    const [spoken] = createCodecs({ ...OPTIONS, codec });
    return new AckClient(connection, spoken as Codec);
  }

  emit(event: string, payload?: unknown): void {
    this.connection.send(this.codec.encode(event, payload));
  }

  /** Asks; returns the number. */
  ask(event: string, payload?: unknown): number {
    this.#lastAsk += 1;
    this.connection.send(this.codec.withAsk(this.codec.encode(event, payload), this.#lastAsk));
    return this.#lastAsk;
  }

  /** Asks, and resolves with the answer; what else comes is kept for {@link AckClient.next}. */
  async call(event: string, payload?: unknown): Promise<unknown> {
    const number = this.ask(event, payload);
    while (true) {
      const decoded = await this.#receive();
      if ('answerTo' in decoded) {
        assert.equal(decoded.answerTo, number, 'no answer but to the last question');
        if (decoded.failure !== undefined) throw new Error(decoded.failure);
        return decoded.payload;
      }
      this.#inbox.push(decoded);
    }
  }

  /** Has its connection ask somebody; what comes of it is the event `asked` or `failed`. */
  send(...errand: Errand): void {
    this.emit('errand', errand);
  }

  answer({ ask }: DecodedEvent, payload?: unknown): void {
    this.connection.send(this.codec.encodeAnswer(ask ?? 0, payload));
  }

  fail({ ask }: DecodedEvent, reason: string): void {
    this.connection.send(this.codec.encodeFailure(ask ?? 0, reason));
  }

  /** Whatever comes next. */
  async next(): Promise<Decoded> {
    return this.#inbox.shift() ?? this.#receive();
  }

  /** The next, which is a question with this event. */
  async question(event: string): Promise<DecodedEvent & { readonly ask: number }> {
    const decoded = await this.next();
    assert.ok('event' in decoded && decoded.ask !== undefined, JSON.stringify(decoded));
    assert.equal(decoded.event, event);
    return { ...decoded, ask: decoded.ask };
  }

  /** The payload of the next, which is this event, and no question. */
  async event(event: string): Promise<unknown> {
    const decoded = await this.next();
    assert.ok('event' in decoded && decoded.ask === undefined, JSON.stringify(decoded));
    assert.equal(decoded.event, event);
    return decoded.payload;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.connection[Symbol.asyncDispose]();
  }

  async #receive(): Promise<Decoded> {
    return this.codec.decode(await this.connection.next());
  }
}
