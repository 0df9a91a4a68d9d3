import { createCodec, type Message } from '../../src/shared/codec.ts';
import type { ServerScope } from '../../src/shared/emitter.ts';
import type { EngineError } from '../../src/shared/errors.ts';
import type { Target } from '../../src/shared/targets.ts';

/** A server of no thread at all: it writes down what it is asked to do. */
export class FakeScope implements ServerScope {
  readonly number = 1;
  readonly endpoint = '/fake';
  readonly codec = createCodec('text', { eventPrefix: '>', maxEventNameBytes: 16 });
  readonly maxRooms = 2;
  readonly maxRoomNameBytes = 8;
  readonly published: [target: Target, sender: number, message: Message][] = [];
  readonly reported: EngineError[] = [];

  publish(target: Target, sender: number, message: Message): void {
    this.published.push([target, sender, message]);
  }

  report(error: EngineError): void {
    this.reported.push(error);
  }
}
