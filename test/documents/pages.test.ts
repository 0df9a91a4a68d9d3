import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { promised, SnippetApp, snippetsOf } from './snippet-app.ts';

const PAGES = ['api', 'moving-from-iris', 'moving-from-ws', 'moving-from-socket-io', 'schemas'];

describe('the pages with files in them', () => {
  let app: SnippetApp;

  before(async () => {
    app = await SnippetApp.create(['zod']);
    for (const page of PAGES) await app.add(page, await snippetsOf(`docs/${page}.md`));
  });

  after(() => app[Symbol.asyncDispose]());

  test('have code that type-checks as strictly as the repository', async () => {
    assert.equal(await app.complaints(), '');
  });

  for (const page of PAGES) {
    test(`${page}: its client prints from its server what the page says`, async () => {
      const snippets = await snippetsOf(`docs/${page}.md`);
      const code = snippets.get('client.ts') ?? assert.fail('there is no client.ts');
      await using server = await app.start(page, 'server.ts');
      const [port = 0] = server.ports;
      assert.ok(promised(code).length > 0);
      assert.deepEqual(await app.runClient(page, code, port), promised(code));
    });
  }

  test('moving-from-socket-io: its client logs in ahead of what has waited', async () => {
    const page = 'moving-from-socket-io';
    const snippets = await snippetsOf(`docs/${page}.md`);
    const code = snippets.get('login-client.ts') ?? assert.fail('there is no login-client.ts');
    await using server = await app.start(page, 'login-server.ts');
    const [port = 0] = server.ports;
    assert.ok(promised(code).length > 0);
    assert.deepEqual(await app.runClient(page, code, port), promised(code));
  });
});
