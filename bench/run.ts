// Scenarios × systems, side by side in one run: see README.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Measurement, Timing } from './load/job.ts';
import { runJob } from './load/run-job.ts';
import { toSvg } from './report/chart.ts';
import { commit, machine, versions } from './report/machine.ts';
import { toMarkdown } from './report/markdown.ts';
import type { Results, Row } from './report/results.ts';
import { wastedRecords } from './report/wasted-records.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { SCENARIOS } from './scenarios/scenarios.ts';
import { isFor, isInstalled, SYSTEMS, type System } from './systems/systems.ts';

const USAGE = `usage: npm run bench -- [options]
  --quick                short windows, fewer scenarios, once: to see that it works
  --scenario ID[,ID…]    only these: a whole id, or the beginning of some
  --system ID[,ID…]      only these
  --repetitions N        default 3, with --quick 1
  --out NAME             results/NAME.md, .svg and .json; default: results, with --quick quick
  --list                 the ids`;

const FULL: Timing = { warmUp: 5000, measured: 2500, settle: 3000 };
const QUICK: Timing = { warmUp: 800, measured: 800, settle: 1500 };

interface Plan {
  readonly scenarios: readonly Scenario[];
  readonly systems: readonly System[];
  readonly repetitions: number;
  readonly timing: Timing;
  readonly out: string;
}

function chosen<Item extends { readonly id: string }>(
  option: string,
  items: readonly Item[],
  filter: string | undefined,
): readonly Item[] {
  if (filter === undefined) return items;
  const words = filter.split(',');
  for (const word of words) {
    if (items.some(({ id }) => id.startsWith(word))) continue;
    throw new Error(`${option}: '${word}' is none of ${items.map(({ id }) => id).join(', ')}`);
  }
  // A whole id is that one alone: `ws` is no beginning then.
  const whole = new Set(items.map(({ id }) => id));
  return items.filter(({ id }) =>
    words.some((word) => (whole.has(word) ? id === word : id.startsWith(word))),
  );
}

function readPlan(): Plan | undefined {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      scenario: { type: 'string' },
      system: { type: 'string' },
      repetitions: { type: 'string' },
      out: { type: 'string' },
      list: { type: 'boolean', default: false },
    },
  });
  if (values.list) {
    for (const { id, title } of [...SCENARIOS, ...SYSTEMS]) console.log(id.padEnd(24), title);
    return undefined;
  }
  const { quick } = values;
  const repetitions = Number(values.repetitions ?? (quick ? 1 : 3));
  if (!Number.isInteger(repetitions) || repetitions < 1) {
    throw new Error(`--repetitions: '${values.repetitions}' is not a whole number from 1`);
  }
  const offered = values.scenario ? SCENARIOS : SCENARIOS.filter((each) => each.quick || !quick);
  return {
    scenarios: chosen('--scenario', offered, values.scenario),
    systems: chosen('--system', SYSTEMS, values.system),
    repetitions,
    timing: quick ? QUICK : FULL,
    out: values.out ?? (quick ? 'quick' : 'results'),
  };
}

function progress(done: string, scenario: Scenario, system: System, result: Measurement): void {
  const { cpu, perSecond, p50, p99, kbPerConnection } = result;
  const latency = p50 === undefined ? '' : `, p50 ${p50} ms, p99 ${p99} ms`;
  const memory = kbPerConnection === undefined ? '' : `, ${kbPerConnection.toFixed(1)} KB each`;
  const rate = Math.round(perSecond).toLocaleString('en');
  console.error(
    `${done} ${scenario.id} · ${system.id}: ${cpu.toFixed(2)} µs, ${rate}/s${latency}${memory}`,
  );
}

async function measure({ scenarios, systems, repetitions, timing }: Plan): Promise<Row[]> {
  const rows = new Map<string, Row & { readonly runs: Measurement[] }>();
  const pairs = scenarios.flatMap((scenario) =>
    systems.filter((system) => isFor(system, scenario.id)).map((system) => ({ scenario, system })),
  );
  if (pairs.length === 0) throw new Error('none of these scenarios is for one of these systems');
  const total = repetitions * pairs.length;
  let done = 0;
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const { scenario, system } of pairs) {
      const key = `${scenario.id} ${system.id}`;
      const row = rows.get(key) ?? { scenario: scenario.id, system: system.id, runs: [] };
      rows.set(key, row);
      done += 1;
      try {
        const result = await runJob(scenario, system, timing);
        row.runs.push(result);
        progress(`[${done}/${total}]`, scenario, system, result);
      } catch (error) {
        console.error(
          `[${done}/${total}] ${key}: ${error instanceof Error ? error.message : error}`,
        );
        process.exitCode = 1;
      }
    }
  }
  return [...rows.values()];
}

function write(name: string, results: Results): void {
  const folder = new URL('./results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const file = (extension: string) => new URL(`${name}.${extension}`, folder);
  writeFileSync(file('md'), toMarkdown(results));
  writeFileSync(file('svg'), toSvg(results));
  writeFileSync(file('json'), `${JSON.stringify(results, null, 1)}\n`);
  console.error(`\n${fileURLToPath(file('md'))}\n`);
}

async function main(): Promise<void> {
  const plan = readPlan();
  if (plan === undefined) return;
  const systems = plan.systems.filter(isInstalled);
  for (const { id } of plan.systems.filter((system) => !isInstalled(system))) {
    console.error(`${id} is not installed and is left out: npm install --prefix bench`);
  }
  const { warmUp, measured } = plan.timing;
  const rows = await measure({ ...plan, systems });
  const results: Results = {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    machine: machine(),
    versions: versions(),
    timing:
      `Warm-up ${warmUp} ms, measured ${measured} ms or more, a fresh server for each run, ` +
      `medians of ${plan.repetitions}.`,
    rows,
    wastedRecords: wastedRecords(1000, 10),
  };
  write(plan.out, results);
  console.log(toMarkdown(results));
}

try {
  await main();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exitCode = 2;
}
