import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const TSC = fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json')));

/** Code of a page that names its file: `// server.ts` in the first line. */
const SNIPPET = /^```ts\n\/\/ (?<file>[\w-]+\.ts)\n(?<code>.*?)^```$/gms;

/** A port in the code of a page. */
const PORT = /\b80\d\d\b/g;

/** Tells the process that started it of each port on which it answers HTTP. */
const TELL_PORTS = `
import { subscribe } from 'node:diagnostics_channel';
import { Server } from 'node:http';
import { isMainThread } from 'node:worker_threads';
const tell = ({ server }) => server instanceof Server && process.send(server.address().port);
if (isMainThread) subscribe('tracing:net.server.listen:asyncEnd', tell);
`;

/** Runs a command to its end, and resolves with what it has printed; one that hangs fails. */
async function run(file: string, args: string[], cwd: string): Promise<string> {
  return (await promisify(execFile)(file, args, { cwd, timeout: 30_000 })).stdout;
}

/** The files of a page, by their names. */
export async function snippetsOf(page: string): Promise<Map<string, string>> {
  const text = await readFile(join(REPOSITORY, page), 'utf8');
  const found = Array.from(text.matchAll(SNIPPET), ({ groups }) => groups ?? {});
  return new Map(found.map(({ file = '', code = '' }) => [file, code]));
}

/** A folder with an app that has the package installed, and the code of pages in its folders. */
export class SnippetApp implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the app; the package in it is the sources, `others` are what its code imports besides. */
  static async create(others: readonly string[] = []): Promise<SnippetApp> {
    const folder = await mkdtemp(join(tmpdir(), 'fanring-pages-'));
    const modules = join(folder, 'node_modules');
    await mkdir(join(modules, 'fanring'), { recursive: true });
    await symlink(join(REPOSITORY, 'src'), join(modules, 'fanring/src'));
    for (const name of ['@types', ...others]) {
      await symlink(join(REPOSITORY, 'node_modules', name), join(modules, name));
    }
    const exports = { '.': './src/main/index.ts', './client': './src/client/index.ts' };
    const manifest = JSON.stringify({ name: 'fanring', type: 'module', exports });
    await writeFile(join(modules, 'fanring/package.json'), manifest);
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    await writeFile(join(folder, 'tell-ports.js'), TELL_PORTS);
    return new SnippetApp(folder);
  }

  /** Writes the files of a page into a folder; they listen on whatever port is free. */
  async add(name: string, files: ReadonlyMap<string, string>): Promise<void> {
    await mkdir(join(this.#folder, name));
    for (const [file, code] of files) {
      await writeFile(join(this.#folder, name, file), code.replaceAll(PORT, '0'));
    }
  }

  /** The complaints of the compiler, as strict as in the repository, about all added files. */
  async complaints(): Promise<string> {
    const project = {
      extends: join(REPOSITORY, 'tsconfig.json'),
      files: [join(REPOSITORY, 'src/main/ws.d.ts')], // what the sources need to know of ws
      include: ['*/*.ts'],
    };
    await writeFile(join(this.#folder, 'tsconfig.json'), JSON.stringify(project));
    return await run(process.execPath, [TSC], this.#folder).catch(({ stdout }) => stdout);
  }

  /** Starts a file of a page; resolves when it listens on so many ports. */
  async start(name: string, file: string, ports = 1): Promise<RunningServer> {
    const args = ['--import', join(this.#folder, 'tell-ports.js'), file];
    const process_ = spawn(process.execPath, args, {
      cwd: join(this.#folder, name),
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const server = new RunningServer(process_);
    await server.listening(ports);
    return server;
  }

  /** Runs a client of a page against a port of its server; resolves with the lines it has printed. */
  async runClient(name: string, code: string, port: number): Promise<string[]> {
    const folder = join(this.#folder, name);
    await writeFile(join(folder, 'client.ts'), code.replaceAll(PORT, String(port)));
    return (await run(process.execPath, ['client.ts'], folder)).trimEnd().split('\n');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}

/** A server of a page, in a process of its own. */
export class RunningServer implements AsyncDisposable {
  readonly ports: number[] = [];
  readonly #process: ChildProcess;

  constructor(process: ChildProcess) {
    this.#process = process;
    process.on('message', (port) => this.ports.push(port as number));
  }

  /** Resolves when it listens on so many ports; rejects where it ends before. */
  async listening(count: number): Promise<void> {
    const ended = once(this.#process, 'exit').then(() => assert.fail('the server ended'));
    ended.catch(() => {}); // later it is meant to
    while (this.ports.length < count) await Promise.race([once(this.#process, 'message'), ended]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}

/** The lines that a client prints, as its comments say: `// prints: hello`. */
export function promised(code: string): string[] {
  return Array.from(code.matchAll(/\/\/ prints: (.*)/g), ([, line = '']) => line);
}
