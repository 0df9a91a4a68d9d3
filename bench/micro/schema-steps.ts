import { z } from 'zod';
import type { Schema } from '../../src/shared/api/event-schemas.ts';
import type { DecodedEvent } from '../../src/shared/codec/codec.ts';
import { type CheckedReceiver, checkEvent } from '../../src/shared/schema/check-event.ts';
import { EventChecks } from '../../src/shared/schema/event-checks.ts';
import { PAYLOAD, type Step } from './step.ts';

/** A schema that costs nothing: what is left is the cost of the checks themselves. */
const free: Schema = {
  '~standard': { version: 1, vendor: 'free', validate: (value) => ({ value }) },
};
const chat = z.object({ text: z.string().max(100), room: z.string() });
const payload = { text: PAYLOAD, room: 'lobby' };

const checks = new EventChecks(
  { free, chat },
  { endpoint: '/bench', checkOutgoing: false, maxEventNameBytes: 256 },
  { invalidPayloads: 0 },
);
let delivered: unknown;
const receiver: CheckedReceiver = {
  isOver: false,
  deliver: (event) => {
    delivered = event;
    return undefined;
  },
  pause: () => {},
  resume: () => {},
  clientFailed: () => {},
  appThrew: () => {},
  failAsk: () => {},
};

function deliver(event: DecodedEvent): unknown {
  checkEvent(receiver, event, checks);
  return delivered;
}

/** The check of a payload on its way to the handlers, and the validator alone. */
export const schemaSteps: readonly Step[] = [
  { name: 'check: an event without a schema', run: () => deliver({ event: 'none', payload }) },
  { name: 'check: a schema that costs nothing', run: () => deliver({ event: 'free', payload }) },
  { name: 'check: zod, an object of two strings', run: () => deliver({ event: 'chat', payload }) },
  { name: 'control: the same validator alone', run: () => chat['~standard'].validate(payload) },
];
