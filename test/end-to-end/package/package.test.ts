import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const NODE_MODULES = join(REPOSITORY, 'node_modules');
const TSC = fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json')));
const APP = new URL('../fixtures/packaged-app/', import.meta.url);
const NOT_SOURCES = new Set(['node_modules', 'dist', '.git']);

const COMPILER_OPTIONS = {
  target: 'es2024',
  lib: ['es2024', 'esnext.disposable'],
  module: 'nodenext',
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  types: ['node'],
  noEmit: true,
};

/** Runs a command to its end; one that hangs fails. */
function run(file: string, args: string[], cwd: string) {
  return promisify(execFile)(file, args, { cwd, timeout: 60_000 });
}

/** Packs a copy of the repository, so that a build here is in nobody's way; returns the tarball. */
async function pack(folder: string): Promise<string> {
  const copy = join(folder, 'repository');
  await cp(REPOSITORY, copy, {
    recursive: true,
    filter: (path) => !NOT_SOURCES.has(basename(path)),
  });
  await symlink(NODE_MODULES, join(copy, 'node_modules'));
  await run('npm', ['pack', '--pack-destination', folder], copy);
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  assert.ok(tarball, 'npm pack made no tarball');
  return join(folder, tarball);
}

/** Installs the tarball into an empty app, as its user would. */
async function install(tarball: string, app: string): Promise<void> {
  await mkdir(app);
  await writeFile(join(app, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  const options = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...options, tarball], app);
  await cp(APP, app, { recursive: true });
}

describe('the package, packed and installed into an empty folder', () => {
  let folder: string;
  let app: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fanring-package-'));
    app = join(folder, 'app');
    await install(await pack(folder), app);
  });

  after(() => rm(folder, { recursive: true, force: true }));

  test('runs an app with shards, a handler module and the client', async () => {
    const { stdout, stderr } = await run(process.execPath, ['app.js'], app);
    const { shards, heard, script, files } = JSON.parse(stdout);
    assert.deepEqual(shards, [1, 2]);
    assert.deepEqual(heard, ['hello', 'hello']);
    assert.equal(script.status, 200);
    assert.match(script.text, /EVENT_PREFIX="iris-websocket-message:"/);
    assert.equal(files[0], script.text);
    assert.match(files[1], /createMsgpackCodec/);
    assert.equal(stderr, '');
  });

  test('type-checks in a strict TypeScript app that checks its libraries too', async () => {
    await mkdir(join(app, 'node_modules/@types'), { recursive: true });
    await symlink(join(NODE_MODULES, '@types/node'), join(app, 'node_modules/@types/node'));
    const project = { compilerOptions: COMPILER_OPTIONS, files: ['consumer.ts'] };
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify(project));
    await assert.doesNotReject(run(process.execPath, [TSC], app));
  });

  test('brings the command fanring-load', async () => {
    const command = join(app, 'node_modules/.bin/fanring-load');
    const { stdout } = await run(command, ['--help'], app);
    assert.match(stdout, /^usage: fanring-load/);
  });

  test('brings the command fanring-asyncapi', async () => {
    const command = join(app, 'node_modules/.bin/fanring-asyncapi');
    const { stdout } = await run(command, ['--help'], app);
    assert.match(stdout, /^usage: fanring-asyncapi/);
  });

  test('has every document that its documents refer to', async () => {
    const installed = join(app, 'node_modules/fanring');
    const names = await readdir(installed, { recursive: true });
    const documents = names.filter((name) => /^(docs|[A-Z]+).*\.md$/.test(name));
    for (const name of documents) {
      const text = await readFile(join(installed, name), 'utf8');
      for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
        const path = join(dirname(name), target);
        assert.ok(names.includes(path), `${name} refers to ${target}`);
      }
    }
  });

  test('holds what was built and the documents, no sources or tests', async () => {
    const installed = join(app, 'node_modules/fanring');
    const entries = await readdir(installed);
    const documents = /^(docs|LICENSE|[A-Z]+\.md)$/;
    const rest = entries.filter((name) => !documents.test(name));
    assert.deepEqual(rest.toSorted(), ['dist', 'package.json']);
    assert.ok(entries.includes('README.md') && entries.includes('LICENSE'));
    const layers = await readdir(join(installed, 'dist'));
    assert.deepEqual(layers.toSorted(), [
      'asyncapi',
      'client',
      'emitter',
      'load',
      'main',
      'shared',
      'workers',
    ]);
  });
});
