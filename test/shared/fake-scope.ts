import type { AckResult } from '../../src/shared/asks.ts';
import type { Codec, Message } from '../../src/shared/codec.ts';
import { createCodecs } from '../../src/shared/codecs.ts';
import type { Question, ServerScope } from '../../src/shared/emitter.ts';
import type { EngineError } from '../../src/shared/errors.ts';
import type { Target } from '../../src/shared/targets.ts';

/** A server of no thread at all: it writes down what it is asked to do. */
export class FakeScope implements ServerScope {
  readonly number = 1;
  readonly endpoint = '/fake';
  readonly codecs = createCodecs({ codec: 'text', eventPrefix: '>', maxEventNameBytes: 16 });
  readonly maxRooms = 2;
  readonly maxRoomNameBytes = 8;
  readonly maxEventNameBytes = 16;
  readonly maxPendingAsks = 3;
  readonly published: [target: Target, sender: number, message: Message][] = [];
  readonly asked: [target: Target, sender: number, question: Question][] = [];
  readonly reported: EngineError[] = [];

  get codec(): Codec {
    return this.codecs[0] as Codec;
  }

  publish(target: Target, sender: number, encode: (codec: Codec) => Message): void {
    this.published.push([target, sender, encode(this.codec)]);
  }

  async ask(target: Target, sender: number, question: Question): Promise<AckResult> {
    this.asked.push([target, sender, question]);
    return { answers: [{ id: 'someone', payload: 'yes' }], missing: [], silentShards: [] };
  }

  report(error: EngineError): void {
    this.reported.push(error);
  }
}
