import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { type } from 'arktype';
import { z } from 'zod';
import { EventChecks } from '../../../src/shared/schema/event-checks.ts';
import { moduleChecks } from '../../../src/shared/schema/module-checks.ts';
import { checkSchemaOptions } from '../../../src/shared/schema/schema-options.ts';

const OPTIONS = { endpoint: '/a', checkOutgoing: false, maxEventNameBytes: 16 };
const COUNTERS = { invalidPayloads: 0 };
const MODULE = { ...OPTIONS, handlers: 'file:///chat.ts' };

const WRONG: [what: string, events: unknown, text: RegExp][] = [
  ['no object', 'chat', /^'chat' is not an object of schemas by event$/],
  ['a schema', z.object({}), /^this is one schema; an object of schemas by event is needed/],
  [
    'a schema that is a function',
    type({}),
    /^the function.* is not an object of schemas by event$/,
  ],
  [
    'a reserved name',
    { 'fanring:x': z.string() },
    /^names that begin with 'fanring:' are reserved/,
  ],
  ['an empty name', { '': z.string() }, /^an event name is 1 to maxEventNameBytes \(16\) bytes/],
  ['a name with ;', { 'a;b': z.string() }, /^an event name is .*, not 'a;b'$/],
  ['a long name', { ['x'.repeat(17)]: z.string() }, /^an event name is /],
  [
    'an entry that is none',
    { chat: 'string' },
    /^chat: 'string' is not a schema \(Standard Schema/,
  ],
  ['no payload', { sum: { answer: z.string() } }, /^sum: payload: undefined is not a schema$/],
  ['no schema', { sum: { payload: 5 } }, /^sum: payload: 5 is not a schema$/],
  ['no answer', { sum: { payload: z.any(), answer: {} } }, /^sum: answer: \{\} is not a schema$/],
  [
    'a wrong word',
    { sum: { payload: z.any(), result: z.any() } },
    /^sum: result: no such schema; /,
  ],
];

for (const [what, events, text] of WRONG) {
  test(`events that have ${what} are refused in words`, () => {
    assert.throws(
      () => checkSchemaOptions({ ...OPTIONS, events, handlers: undefined }),
      ({ code, message }) => {
        assert.match(message.replace(/^events(: |\.)/, ''), text);
        return code === 'ERR_OPTION';
      },
    );
    assert.throws(
      () => moduleChecks(events, MODULE, COUNTERS),
      ({ code, message }) => {
        assert.match(message.replace(/^handlers: events of file:\/\/\/chat.ts(: |\.)/, ''), text);
        return code === 'ERR_HANDLERS_LOAD';
      },
    );
  });
}

test('schemas of a library whose schemas are functions are taken', () => {
  const checks = new EventChecks({ a: type('string') }, OPTIONS, COUNTERS);
  assert.deepEqual(checks.payload('a', 'x'), { value: 'x' });
  assert.equal(checks.payload('toString', 'x'), undefined, 'an event without a schema');
});

test('events beside handlers are refused, and checkOutgoing without events', () => {
  const events = { chat: z.string() };
  assert.throws(() => checkSchemaOptions({ ...OPTIONS, events, handlers: 'file:///a.ts' }), {
    code: 'ERR_OPTION',
    message:
      'events: schemas cannot go to the threads of handlers; export const events in that module',
  });
  const checkOutgoing = true;
  const options = { ...OPTIONS, checkOutgoing, events: undefined };
  assert.throws(() => checkSchemaOptions({ ...options, handlers: undefined }), {
    code: 'ERR_OPTION',
    message: 'checkOutgoing: there is nothing to check without events',
  });
  checkSchemaOptions({ ...options, handlers: 'file:///a.ts' });
  assert.throws(() => moduleChecks(undefined, { ...MODULE, checkOutgoing }, COUNTERS), {
    code: 'ERR_HANDLERS_LOAD',
    message: 'handlers: file:///chat.ts exports no events, by which checkOutgoing would check',
  });
  assert.equal(moduleChecks(undefined, MODULE, COUNTERS), undefined);
  assert.equal(
    moduleChecks(undefined, { ...MODULE, handlers: undefined, checkOutgoing }, COUNTERS),
    undefined,
    'a shard whose handlers are closures',
  );
});
