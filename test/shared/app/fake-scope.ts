import type { EngineError } from '../../../src/shared/api/errors.ts';
import type { AckResult } from '../../../src/shared/ask/ask.ts';
import type { Codec, Message } from '../../../src/shared/codec/codec.ts';
import { createCodecs } from '../../../src/shared/codec/codecs.ts';
import type { Selection } from '../../../src/shared/emit/selection.ts';
import type { Question, ServerScope } from '../../../src/shared/emit/target-emitter.ts';
import { InterestMap } from '../../../src/shared/tables/interest-table.ts';

/** A server of no thread at all: it writes down what it is asked to do. */
export class FakeScope implements ServerScope {
  readonly number = 1;
  readonly endpoint = '/fake';
  readonly codecs = createCodecs({ codec: 'text', eventPrefix: '>', maxEventNameBytes: 16 });
  readonly outlet = { from: 0, interest: new InterestMap(), send: () => {} };
  readonly options = {
    maxRooms: 2,
    maxRoomNameBytes: 8,
    maxEventNameBytes: 16,
    maxPendingAsks: 3,
  };
  readonly published: [selection: Selection, message: Message][] = [];
  readonly asked: [selection: Selection, question: Question][] = [];
  readonly reported: EngineError[] = [];

  get codec(): Codec {
    return this.codecs[0] as Codec;
  }

  publish(selection: Selection, encode: (codec: Codec) => Message): void {
    this.published.push([selection, encode(this.codec)]);
  }

  async ask(selection: Selection, question: Question): Promise<AckResult> {
    this.asked.push([selection, question]);
    return { answers: [{ id: 'someone', payload: 'yes' }], missing: [], silentShards: [] };
  }

  report(error: EngineError): void {
    this.reported.push(error);
  }
}
