import { EngineError, type ErrorCode, messageOf } from '../api/errors.ts';
import type { Schema } from '../api/event-schemas.ts';
import type { AckAnswer, AckMissing, AckResult } from '../ask/ask.ts';
import { type EventEntry, schemaTable } from './schema-table.ts';
import { judge, judgeSent, type Verdict } from './verdict.ts';

/** The options of a server by which it checks. */
export interface CheckOptions {
  readonly endpoint: string;
  readonly checkOutgoing: boolean;
  readonly maxEventNameBytes: number;
}

/** Checks payloads and answers of one server by the schemas of its events, in one thread. */
export class EventChecks {
  readonly #table: ReadonlyMap<string, EventEntry>;
  readonly #options: CheckOptions;
  readonly #counters: { invalidPayloads: number };

  /**
   * @param what names the schemas in errors
   * @param code of those errors
   * @param counters counts what came from clients and did not match
   * @throws EngineError `code` for schemas that are none
   */
  constructor(
    events: unknown,
    options: CheckOptions,
    counters: { invalidPayloads: number },
    what = 'events',
    code: ErrorCode = 'ERR_OPTION',
  ) {
    this.#table = schemaTable(events, what, code, options.maxEventNameBytes);
    this.#options = options;
    this.#counters = counters;
  }

  /** Whether what is sent is checked, too. */
  get isOutgoing(): boolean {
    return this.#options.checkOutgoing;
  }

  /**
   * Checks a payload of a client.
   * @returns undefined for an event without a schema; a promise where the schema is async
   * @throws anything that the schema throws
   */
  payload(event: string, payload: unknown): Verdict | Promise<Verdict> | undefined {
    const entry = this.#table.get(event);
    return entry === undefined ? undefined : judge(entry.payload, payload);
  }

  /** Counts a payload that did not match, and returns the error to tell of it. */
  invalid(event: string, fault: string): EngineError {
    this.#counters.invalidPayloads += 1;
    return invalidError(`the payload of '${event}' on ${this.#options.endpoint}`, fault);
  }

  /**
   * Checks a payload that is about to be sent, where the server checks those.
   * @throws EngineError ERR_PAYLOAD_INVALID; ERR_OPTION for an async schema; what the schema throws
   */
  sent(event: string, payload: unknown): void {
    const entry = this.isOutgoing ? this.#table.get(event) : undefined;
    if (entry === undefined) return;
    const verdict = judgeSent(entry.payload, payload);
    if (!(verdict instanceof Promise)) {
      this.#assertSent(`the payload of '${event}'`, verdict);
      return;
    }
    verdict.catch(() => {}); // nobody awaits it
    const message = `checkOutgoing: the schema of '${event}' is async, and emit cannot wait for it`;
    throw new EngineError('ERR_OPTION', message);
  }

  /**
   * Checks the answer of a handler, where the server checks what is sent.
   * @throws EngineError ERR_PAYLOAD_INVALID; what the schema throws
   */
  async sentAnswer(event: string, answer: unknown): Promise<void> {
    const schema = this.isOutgoing ? this.#answerSchema(event) : undefined;
    if (schema === undefined) return;
    this.#assertSent(`the answer to '${event}'`, await judgeSent(schema, answer));
  }

  /**
   * Checks the answer of a client.
   * @returns the value that the schema makes of it
   * @throws EngineError ERR_ACK_FAILED
   */
  async answer(event: string, answer: unknown): Promise<unknown> {
    const schema = this.#answerSchema(event);
    if (schema === undefined) return answer;
    const verdict = await this.#judgeAnswer(schema, answer);
    if (verdict.fault === undefined) return verdict.value;
    throw new EngineError('ERR_ACK_FAILED', `no answer to '${event}': ${verdict.fault}`);
  }

  /**
   * Checks the answers of clients: those that do not match are missing.
   * @param decode for answers that go to another thread, and are kept as they came
   */
  async answers<Payload>(
    event: string,
    result: AckResult<Payload>,
    decode?: (payload: Payload) => unknown,
  ): Promise<AckResult> {
    const schema = this.#answerSchema(event);
    if (schema === undefined) return result;
    const answers: AckAnswer[] = [];
    const missing: AckMissing[] = [...result.missing];
    for (const { id, payload } of result.answers) {
      const verdict = await this.#judgeAnswer(schema, decode ? decode(payload) : payload);
      if (verdict.fault === undefined)
        answers.push({ id, payload: decode ? payload : verdict.value });
      else missing.push({ id, code: 'ERR_ACK_FAILED', reason: verdict.fault });
    }
    return { ...result, answers, missing };
  }

  #answerSchema(event: string): Schema | undefined {
    return this.#table.get(event)?.answer;
  }

  async #judgeAnswer(schema: Schema, answer: unknown): Promise<Verdict> {
    try {
      const verdict = await judge(schema, answer);
      if (verdict.fault === undefined) return verdict;
      this.#counters.invalidPayloads += 1;
      return { fault: `the answer is not valid: ${verdict.fault}` };
    } catch (thrown) {
      return { fault: `the schema of the answer threw: ${messageOf(thrown)}` };
    }
  }

  #assertSent(what: string, { fault }: Verdict): void {
    if (fault !== undefined) throw invalidError(`${what} on ${this.#options.endpoint}`, fault);
  }
}

function invalidError(what: string, fault: string): EngineError {
  return new EngineError('ERR_PAYLOAD_INVALID', `${what} is not valid: ${fault}`);
}
