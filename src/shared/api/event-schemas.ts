import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { EventForms } from './event-forms.ts';

/** A schema of any library that has the Standard Schema interface. */
export type Schema = StandardSchemaV1;

/** The schemas of an event that is answered: `answer` is for the answers of both sides. */
export interface AskSchemas {
  readonly payload: Schema;
  readonly answer?: Schema | undefined;
}

/** The schemas of a server's events, by their names. */
export interface EventSchemas {
  readonly [event: string]: Schema | AskSchemas;
}

/**
 * The event map of schemas: `Connection<EventsOf<typeof events>>`. A server's handlers get what a
 * schema makes of a payload; everybody sends what the schema takes.
 */
export type EventsOf<Schemas extends object> = {
  [Name in keyof Schemas]: EntryOf<Schemas[Name]>;
};

type EntryOf<Entry> = Entry extends Schema
  ? Either<StandardSchemaV1.InferInput<Entry>, StandardSchemaV1.InferOutput<Entry>>
  : Entry extends { readonly payload: infer Payload extends Schema; readonly answer: infer Answer }
    ? Answer extends Schema
      ? Either<SentAsk<Payload, Answer>, ReceivedAsk<Payload, Answer>>
      : EntryOf<Payload>
    : Entry extends { readonly payload: infer Payload extends Schema }
      ? EntryOf<Payload>
      : never;

type SentAsk<Payload extends Schema, Answer extends Schema> = (
  payload: StandardSchemaV1.InferInput<Payload>,
) => StandardSchemaV1.InferInput<Answer>;

type ReceivedAsk<Payload extends Schema, Answer extends Schema> = (
  payload: StandardSchemaV1.InferOutput<Payload>,
) => StandardSchemaV1.InferOutput<Answer>;

/**
 * One type where both forms are the same, so that editors show that. A payload that may be left out
 * is undefined behind a schema, and without one it is not: that needs both.
 */
type Either<Sent, Received> = [Sent, Received] extends [Received, Sent]
  ? undefined extends PlainPayload<Sent>
    ? EventForms<Sent, Received>
    : Sent
  : EventForms<Sent, Received>;

type PlainPayload<Sent> = Sent extends (payload: infer Payload) => unknown ? Payload : Sent;
