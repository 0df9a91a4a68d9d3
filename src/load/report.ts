import type { LatencySummary } from './latencies.ts';
import type { LoadResult, LoadState } from './load-run.ts';

const count = (value: number) => Math.round(value).toLocaleString('en');
const ms = (value: number) => `${value < 10 ? value.toFixed(2) : value.toFixed(1)} ms`;

/**
 * One line for the progress of a load.
 * @param before the state a while ago
 * @param seconds how long ago
 */
export function progressLine(state: LoadState, before: LoadState, seconds: number): string {
  const parts = [state.phase, `${count(state.open)} open`];
  if (state.failed > 0) parts.push(`${count(state.failed)} failed`);
  if (state.lost > 0) parts.push(`${count(state.lost)} lost`);
  if (state.phase !== 'opening') {
    parts.push(`sent ${count((state.sent - before.sent) / seconds)}/s`);
    parts.push(`received ${count((state.received - before.received) / seconds)}/s`);
  }
  if (state.latencyMs !== undefined) {
    parts.push(`p50 ${ms(state.latencyMs.p50)}`, `p99 ${ms(state.latencyMs.p99)}`);
  }
  return parts.join(' · ');
}

function percentiles({ p50, p90, p99, p999, max }: LatencySummary): string {
  return `p50 ${ms(p50)}, p90 ${ms(p90)}, p99 ${ms(p99)}, p99.9 ${ms(p999)}, max ${ms(max)}`;
}

function reasons(tally: Readonly<Record<string, number>>): string[] {
  return Object.entries(tally).map(
    ([reason, times]) => `               ${count(times)} × ${reason}`,
  );
}

/** The result for people. */
export function resultText(result: LoadResult): string {
  const { connections, latencyMs, unsent } = result;
  const { opened, asked, openingMs } = connections;
  const seconds = result.seconds.toFixed(1);
  const late = unsent === 0 ? '' : `; ${count(unsent)} were due and could not be sent`;
  const lines = [
    result.url,
    `connections    ${count(opened)} of ${count(asked)} opened`,
    ...reasons(connections.failed),
    ...reasons(connections.lost).map((line) => `${line}, when open`),
    ...(openingMs ? [`opening        ${percentiles(openingMs)}`] : []),
    `sent           ${count(result.sent)} in ${seconds} s, ${count(result.sentPerSecond)}/s${late}`,
    `received       ${count(result.received)}, ${count(result.receivedPerSecond)}/s`,
    `latency        ${latencyMs ? percentiles(latencyMs) : 'of nothing: no message came back'}`,
  ];
  return `${lines.join('\n')}\n`;
}
