import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Schema } from '../../../src/shared/api/event-schemas.ts';
import { issueText } from '../../../src/shared/schema/issue-text.ts';
import { judge, judgeSent, type Verdict } from '../../../src/shared/schema/verdict.ts';

type Result = ReturnType<Schema['~standard']['validate']>;

/** A schema in the words of the interface itself. */
function schema(validate: (value: unknown) => Result): Schema {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

const onlyNothing = (value: unknown) =>
  value === undefined ? { value: 'nothing' } : { issues: [{ message: `not ${value}` }] };

test('a payload that was left out is undefined, where the schema does not take its form', async () => {
  const sync = schema(onlyNothing);
  const async = schema(async (value) => onlyNothing(value));
  const late = schema((value) =>
    value === undefined ? Promise.resolve({ value }) : onlyNothing(1),
  );
  for (const nothing of ['', null]) {
    assert.deepEqual(judge(sync, nothing), { value: 'nothing' });
    assert.deepEqual(await judge(async, nothing), { value: 'nothing' });
    assert.deepEqual(await judge(late, nothing), { value: undefined });
    assert.deepEqual(judgeSent(sync, nothing), { fault: `not ${nothing}` }, 'sent as it is');
  }
  assert.deepEqual(judge(sync, 0), { fault: 'not 0' });
  const never = schema((value) => ({ issues: [{ message: `not ${value}` }] }));
  assert.deepEqual(judge(never, ''), { fault: 'not ' }, 'the fault is that of what came');
  const takesText = schema((value) => ({ value }));
  assert.deepEqual(judge(takesText, ''), { value: '' });
});

test('a promise of another kind does not pass for a result', async () => {
  const thenable = (value: unknown) =>
    // biome-ignore lint/suspicious/noThenProperty: that is the point
    ({ then: (resolve: (result: unknown) => void) => resolve(onlyNothing(value)) }) as never;
  const verdict: Verdict = await judge(schema(thenable), 'x');
  assert.deepEqual(verdict, { fault: 'not x' });
  assert.deepEqual(await judgeSent(schema(thenable), 'x'), { fault: 'not x' });
});

test('an issue is one short line, whatever a client has put into it', () => {
  const symbol = Symbol('s');
  for (const [path, text] of [
    [undefined, 'bad'],
    [['user', 'age'], 'at user.age: bad'],
    [['users', 2, { key: 'name' }], 'at users[2].name: bad'],
    [['a b', symbol], "at ['a b'].Symbol(s): bad"],
  ] as const) {
    assert.equal(issueText([{ message: 'bad', ...(path && { path }) }]), text);
  }
  const issue = {
    message: `a\n\u2028b${'x'.repeat(5000)}`,
    path: Array(5000).fill('k\r'.repeat(90)),
  };
  const text = issueText([issue, issue, issue]);
  assert.match(text, /^at \['k k /);
  assert.match(text, /… \(and 2 more\)$/);
  assert.ok(text.length < 300, `${text.length}`);
  assert.doesNotMatch(text, /[\p{Cc}\u2028]/u);
  const half = issueText([{ message: `${'x'.repeat(159)}\u{1f600}` }]);
  assert.ok(half.isWellFormed(), 'a pair that is cut');
  assert.equal(issueText([]), 'no reason given');
});
