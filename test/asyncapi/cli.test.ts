import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type AsyncAPIDocumentInterface, Parser } from '@asyncapi/parser';

const CLI = fileURLToPath(new URL('../../src/asyncapi/cli.ts', import.meta.url));
const FIXTURES = new URL('fixtures/', import.meta.url);
const CHECKED = '../../end-to-end/fixtures/three-libraries.ts';

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in the folder of the fixtures. */
function run(...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    const options = { cwd: FIXTURES, timeout: 20_000 };
    execFile(process.execPath, [CLI, ...args], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** The document as the parser of AsyncAPI has it, which finds no fault in it. */
async function parsed(text: string): Promise<AsyncAPIDocumentInterface> {
  const { document, diagnostics } = await new Parser().parse(text);
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 0),
    [],
  );
  assert.ok(document);
  return document;
}

test('the schemas of three libraries become a document that the parser accepts', async () => {
  const { code, stdout, stderr } = await run(CHECKED, '--endpoint', '/chat', '--version', '2.1.0');
  assert.equal(code, 0);
  const document = await parsed(stdout);
  assert.equal(document.version(), '3.0.0');
  assert.deepEqual([document.info().title(), document.info().version()], ['/chat', '2.1.0']);
  const [channel] = document.channels().all();
  assert.equal(channel?.address(), '/chat');
  const payload = (name: string) =>
    channel?.messages().get(name)?.payload()?.json() as
      | Partial<Record<string, unknown>>
      | undefined;
  assert.deepEqual(payload('chat')?.required, ['text']);
  assert.deepEqual(payload('position')?.required, ['x', 'y']);
  assert.deepEqual(payload('label')?.required, ['name']);
  assert.equal(payload('at')?.format, 'date-time', 'the form in which it is sent');
  assert.equal(payload('sum.answer')?.type, 'number');
  const asks = document.operations().filter((operation) => operation.reply() !== undefined);
  assert.deepEqual(
    asks.map((operation) => operation.id()),
    ['receive.sum', 'send.sum', 'receive.length', 'send.length'],
  );
  assert.match(stderr, /^fanring-asyncapi: ready: \{\} stands for a schema of zod: /m);
});

test('odd names, recursion and schemas without a converter do not break it', async () => {
  const { code, stdout, stderr } = await run('odd-events.ts');
  assert.equal(code, 0);
  const document = await parsed(stdout);
  assert.equal(document.info().title(), 'odd-events');
  const names = document.messages().map((message) => message.name());
  assert.ok(names.includes('room/1 ~ä %') && names.includes('room/1 ~ö %'));
  const { schemas } = JSON.parse(stdout).components;
  assert.deepEqual(schemas.older.required, ['n'], 'by the function of its library');
  assert.deepEqual(schemas.comment.properties.answers.items, {
    $ref: '#/components/schemas/comment',
  });
  assert.equal(schemas.comment.properties.text.default, '$ref');
  assert.match(
    stderr,
    /: plain: \{\} stands for a schema of plain: it has no Standard JSON Schema/,
  );
  assert.match(stderr, /: the answer to plain: \{\} stands for a schema of zod: /);
});

test('--output writes a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fanring-asyncapi-'));
  try {
    const file = join(folder, 'asyncapi.json');
    const { code, stdout } = await run(CHECKED, '--output', file, '--title', 'Chat');
    assert.deepEqual([code, stdout], [0, '']);
    assert.equal((await parsed(await readFile(file, 'utf8'))).info().title(), 'Chat');
  } finally {
    await rm(folder, { recursive: true });
  }
});

for (const [args, code, text] of [
  [['nowhere.ts'], 1, /^fanring-asyncapi: nowhere.ts: there is no such file$/m],
  [['no-events.ts'], 1, /no-events.ts exports no events: export const events = /],
  [['broken-events.ts'], 1, /broken-events.ts could not be loaded: no database$/m],
  [['wrong-events.ts'], 1, /events of wrong-events.ts.chat: 'string' is not a schema/],
  [[], 2, /name one module that exports events, not 0\n\(fanring-asyncapi --help says more\)/],
  [['a.ts', 'b.ts'], 2, /name one module that exports events, not 2/],
  [['a.ts', '--endpoint', 'chat'], 2, /endpoint: 'chat' is not a path such as '\/chat'/],
  [['a.ts', '--yaml'], 2, /Unknown option '--yaml'/],
] as const) {
  test(`fails in words: ${args.join(' ') || 'no arguments'}`, async () => {
    const result = await run(...args);
    assert.equal(result.code, code);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, text);
  });
}

test('--help says how to use it', async () => {
  const { code, stdout } = await run('--help');
  assert.equal(code, 0);
  assert.match(stdout, /^usage: fanring-asyncapi .\/events.ts/);
});
