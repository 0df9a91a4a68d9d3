import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Scenario } from '../scenarios/scenario.ts';
import type { System } from '../systems/systems.ts';
import type { Job, Measurement, Timing } from './job.ts';

const DRIVER = fileURLToPath(new URL('./driver.ts', import.meta.url));
const START_MS = 15_000;
const RUN_MS = 180_000;

interface Listening {
  readonly port: number;
  readonly pid: number;
}

/** Runs one scenario against a fresh server, and leaves neither it nor the driver behind. */
export async function runJob(
  { load }: Scenario,
  system: System,
  timing: Timing,
): Promise<Measurement> {
  const stdio = ['ignore', 'pipe', 'inherit', 'ipc'] as const;
  const server = spawn(system.command, [...system.args], { stdio: [...stdio] });
  try {
    const { port, pid } = await listening(server, system.id);
    return await drive({ load, dialect: system.dialect, port, pid, timing });
  } finally {
    await kill(server);
  }
}

async function listening(server: ChildProcess, id: string): Promise<Listening> {
  const lines = createInterface({ input: server.stdout as NodeJS.ReadableStream });
  const signal = AbortSignal.timeout(START_MS);
  const died = once(server, 'exit', { signal }).then(([code]) => {
    throw new Error(`${id} ended with ${code} before it listened`);
  });
  const [line] = await Promise.race([once(lines, 'line', { signal }), died]);
  died.catch(() => {}); // from now on it is killed
  lines.close();
  return JSON.parse(String(line));
}

async function drive(job: Job): Promise<Measurement> {
  const driver = fork(DRIVER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    driver.send(job);
    const signal = AbortSignal.timeout(RUN_MS);
    const died = once(driver, 'exit', { signal }).then(([code]) => {
      throw new Error(`the driver ended with ${code}`);
    });
    const [measurement] = await Promise.race([once(driver, 'message', { signal }), died]);
    died.catch(() => {});
    return measurement;
  } finally {
    await kill(driver);
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
