import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { loadHandlers } from '../../../src/workers/shard/handler-module.ts';

const folder = await mkdtemp(join(tmpdir(), 'fanring handlers '));
after(() => rm(folder, { recursive: true }));
const HINT = /; there is \w+\.m?js beside it: name that one/;

for (const [named, built] of [
  ['chat.ts', 'chat.js'],
  ['news.mts', 'news.mjs'],
] as const) {
  test(`a ${named} that is not there, where ${built} is: the error says so`, async () => {
    await writeFile(join(folder, built), '');
    const { href } = pathToFileURL(join(folder, named));
    await assert.rejects(loadHandlers(href), {
      code: 'ERR_HANDLERS_LOAD',
      message: new RegExp(`; there is ${built} beside it: name that one`),
    });
  });
}

for (const [title, url, names] of [
  ['nothing beside it', 'file:///nowhere/chat.ts', []],
  ['no file', 'data:text/javascript,throw 1//chat.ts', []],
  ['a module that does not find another one', undefined, ['own.ts', 'own.js']],
] as const) {
  test(`${title}: no hint at a built module`, async () => {
    for (const name of names) await writeFile(join(folder, name), "import './other.js';");
    const loading = loadHandlers(url ?? pathToFileURL(join(folder, 'own.ts')).href);
    await assert.rejects(loading, ({ code, message }) => {
      assert.doesNotMatch(message, HINT);
      return code === 'ERR_HANDLERS_LOAD';
    });
  });
}
