import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Stamp } from './facts.ts';
import type { Saying } from './verbs.ts';

const PROCESS = fileURLToPath(new URL('./engine-process.ts', import.meta.url));

/** What the engine's process is told. */
export type ToEngine =
  | ({ readonly kind: 'say'; readonly server: string } & Saying)
  | { readonly kind: 'sample' | 'end' };

/** What the engine's process uses. */
export interface Sample {
  /** Bytes of resident memory; of the primary's JavaScript heap. */
  readonly rss: number;
  readonly heap: number;
  /** Open files, sockets among them; 0 where that is not known. */
  readonly descriptors: number;
  readonly connections: number;
}

/** What the engine's process tells. */
export type FromEngine =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'did'; readonly id: number; readonly done: Stamp }
  | { readonly kind: 'exit'; readonly shard: number; readonly reason: string }
  | { readonly kind: 'dropped'; readonly id: string; readonly count: number }
  | { readonly kind: 'fault'; readonly code: string; readonly detail: string }
  | ({ readonly kind: 'sample' } & Sample)
  | { readonly kind: 'ended'; readonly wrongEnds: number; readonly untold: number };

type Kind = FromEngine['kind'];
type Told<Of extends Kind> = Extract<FromEngine, { kind: Of }>;

/** The engine's process, as the soak sees it. */
export class EngineLink {
  readonly #events = new EventEmitter();
  readonly #process: ChildProcess;

  /** @param shards how many the engine has */
  constructor(shards: number) {
    this.#process = fork(PROCESS, [String(shards)], { execArgv: ['--no-warnings'] });
    this.#process.on('message', (message: FromEngine) => this.#events.emit(message.kind, message));
  }

  /** Calls `fn` with everything of this kind that the engine's process tells. */
  on<Of extends Kind>(kind: Of, fn: (message: Told<Of>) => void): void {
    this.#events.on(kind, fn);
  }

  /**
   * The next of this kind.
   * @throws Error if the process ends before
   */
  async next<Of extends Kind>(kind: Of): Promise<Told<Of>> {
    const watch = new AbortController();
    const ended = once(this.#process, 'exit', watch).then(([code, signal]) => {
      throw new Error(`the engine's process ended with ${code ?? signal}`);
    });
    try {
      const [message] = await Promise.race([once(this.#events, kind, watch), ended]);
      return message;
    } finally {
      ended.catch(() => {});
      watch.abort();
    }
  }

  /** Tells the engine's process something. */
  tell(message: ToEngine): void {
    this.#process.send(message);
  }

  /** Resolves with the exit code of the process, which is ended by force if it is not of itself. */
  async exited(graceMs: number): Promise<number | NodeJS.Signals> {
    const child = this.#process;
    if (child.exitCode === null && child.signalCode === null) {
      const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await once(child, 'exit');
      clearTimeout(force);
    }
    return child.exitCode ?? child.signalCode ?? 0;
  }
}
