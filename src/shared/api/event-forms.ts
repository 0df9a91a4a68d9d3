declare const forms: unique symbol;

/**
 * An entry of an event map whose schema changes the payload or the answer. `Sent` is the entry as
 * the senders see it, `Received` is the entry behind the schema.
 */
export interface EventForms<Sent, Received> {
  readonly [forms]: readonly [Sent, Received];
}

/** The entry of an event map as the senders see it. */
export type SentEntry<Entry> = [Entry] extends [EventForms<infer Sent, unknown>] ? Sent : Entry;

/** The entry of an event map as a server receives it, behind the schema. */
export type ReceivedEntry<Entry> = [Entry] extends [EventForms<unknown, infer Received>]
  ? Received
  : Entry;
