import type { EngineError } from '../api/errors.ts';
import type { DecodedEvent } from '../codec/codec.ts';
import type { EventChecks } from './event-checks.ts';
import type { Verdict } from './verdict.ts';

/** The receiving side of a connection, as the checks of its events need it. */
export interface CheckedReceiver {
  /** Whether what has come reaches no handler any more. */
  readonly isOver: boolean;
  /** Hands an event to its handlers. @returns a promise where they are still at work */
  deliver(event: DecodedEvent): Promise<unknown> | undefined;
  /** Has all that comes wait, until {@link CheckedReceiver.resume}. */
  pause(): void;
  resume(): void;
  /** Tells of an error of the client. */
  clientFailed(error: EngineError): void;
  /** Tells of an error of the app: `what` threw. */
  appThrew(thrown: unknown, what: string): void;
  /** Answers an event that is an ask: there is no answer. */
  failAsk(event: DecodedEvent, reason: string): void;
}

/**
 * Hands an event to its handlers, where its payload matches its schema. They get what the schema
 * makes of it. While an async schema is at work all that comes waits, so that the order stays.
 * @returns a promise where the schema or handlers are still at work
 */
export function checkEvent(
  receiver: CheckedReceiver,
  decoded: DecodedEvent,
  checks: EventChecks,
): Promise<unknown> | undefined {
  let verdict: Verdict | Promise<Verdict> | undefined;
  try {
    verdict = checks.payload(decoded.event, decoded.payload);
  } catch (thrown) {
    schemaThrew(receiver, decoded, thrown);
    return undefined;
  }
  if (verdict === undefined) return receiver.deliver(decoded);
  if (verdict instanceof Promise) return checkLater(receiver, decoded, checks, verdict);
  return checked(receiver, decoded, checks, verdict);
}

async function checkLater(
  receiver: CheckedReceiver,
  decoded: DecodedEvent,
  checks: EventChecks,
  pending: Promise<Verdict>,
): Promise<void> {
  let handling: Promise<unknown> | undefined;
  receiver.pause();
  try {
    const verdict = await pending;
    if (!receiver.isOver) handling = checked(receiver, decoded, checks, verdict);
  } catch (thrown) {
    schemaThrew(receiver, decoded, thrown);
  } finally {
    receiver.resume();
  }
  await handling;
}

function checked(
  receiver: CheckedReceiver,
  decoded: DecodedEvent,
  checks: EventChecks,
  verdict: Verdict,
): Promise<unknown> | undefined {
  if (verdict.fault === undefined) return receiver.deliver({ ...decoded, payload: verdict.value });
  receiver.clientFailed(checks.invalid(decoded.event, verdict.fault));
  receiver.failAsk(decoded, `invalid payload: ${verdict.fault}`);
  return undefined;
}

function schemaThrew(receiver: CheckedReceiver, decoded: DecodedEvent, thrown: unknown): void {
  receiver.appThrew(thrown, `the schema of ${decoded.event}`);
  receiver.failAsk(decoded, 'the schema failed'); // why is not the client's business
}
