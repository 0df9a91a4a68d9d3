import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const TSC = fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json')));
const PAGES = ['moving-from-iris', 'moving-from-ws', 'moving-from-socket-io'];

/** Code of a page that names its file: `// server.ts` in the first line. */
const SNIPPET = /^```ts\n\/\/ (?<file>[\w-]+\.ts)\n(?<code>.*?)^```$/gms;

/** Runs a command to its end, and resolves with what it has printed; one that hangs fails. */
async function run(file: string, args: string[], cwd: string): Promise<string> {
  return (await promisify(execFile)(file, args, { cwd, timeout: 30_000 })).stdout;
}

/** What an app has: the package under its name, here as its sources. */
async function installSources(app: string): Promise<void> {
  const installed = join(app, 'node_modules/fanring');
  await mkdir(installed, { recursive: true });
  await symlink(join(REPOSITORY, 'src'), join(installed, 'src'));
  await symlink(join(REPOSITORY, 'node_modules/@types'), join(app, 'node_modules/@types'));
  const exports = { '.': './src/main/index.ts', './client': './src/client/index.ts' };
  const manifest = JSON.stringify({ name: 'fanring', type: 'module', exports });
  await writeFile(join(installed, 'package.json'), manifest);
  await writeFile(join(app, 'package.json'), JSON.stringify({ type: 'module' }));
}

async function writeSnippets(page: string, folder: string): Promise<Map<string, string>> {
  const text = await readFile(join(REPOSITORY, `docs/${page}.md`), 'utf8');
  const snippets = new Map<string, string>();
  await mkdir(folder);
  for (const { groups } of text.matchAll(SNIPPET)) {
    const { file = '', code = '' } = groups ?? {};
    snippets.set(file, code);
    await writeFile(join(folder, file), code.replace('listen(8080', 'listen(0'));
  }
  return snippets;
}

/** Starts a page's server; resolves with it and its port when it listens. */
async function startServer(folder: string): Promise<{ server: ChildProcess; port: string }> {
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const server = spawn(process.execPath, ['server.ts'], { cwd: folder, stdio: [...stdio] });
  assert.ok(server.stdout);
  const lines = createInterface(server.stdout);
  const ended = once(server, 'exit').then(() => assert.fail('the server ended'));
  const [line] = await Promise.race([once(lines, 'line'), ended]);
  ended.catch(() => {}); // later it is meant to
  return { server, port: new URL(line as string).port };
}

describe('the pages on moving over', () => {
  let app: string;
  const snippets = new Map<string, Map<string, string>>();

  before(async () => {
    app = await mkdtemp(join(tmpdir(), 'fanring-moving-'));
    await installSources(app);
    for (const page of PAGES) snippets.set(page, await writeSnippets(page, join(app, page)));
  });

  after(() => rm(app, { recursive: true, force: true }));

  test('have code that type-checks as strictly as the repository', async () => {
    const project = {
      extends: join(REPOSITORY, 'tsconfig.json'),
      files: [join(REPOSITORY, 'src/main/ws.d.ts')], // what the sources need to know of ws
      include: ['moving-*/*.ts'],
    };
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify(project));
    const complaints = await run(process.execPath, [TSC], app).catch(({ stdout }) => stdout);
    assert.equal(complaints, '');
  });

  for (const page of PAGES) {
    test(`${page}: its client prints from its server what the page says`, async () => {
      const folder = join(app, page);
      const code = snippets.get(page)?.get('client.ts') ?? assert.fail('there is no client.ts');
      const printed = Array.from(code.matchAll(/\/\/ prints: (.*)/g), ([, line]) => line);
      const { server, port } = await startServer(folder);
      try {
        await writeFile(join(folder, 'client.ts'), code.replaceAll('8080', port));
        const stdout = await run(process.execPath, ['client.ts'], folder);
        assert.ok(printed.length > 0);
        assert.deepEqual(stdout.trimEnd().split('\n'), printed);
      } finally {
        server.kill('SIGKILL');
        if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
      }
    });
  }
});
