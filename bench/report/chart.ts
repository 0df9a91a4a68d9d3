import { SCENARIOS } from '../scenarios/scenarios.ts';
import { SYSTEMS } from '../systems/systems.ts';
import { type Results, resultOf } from './results.ts';

const WIDTH = 920;
const LABEL = 300;
const VALUE = 90;
const BAR = 18;
const GAP = 4;
const TITLE = 34;

interface Entry {
  readonly title: string;
  readonly value: number;
  readonly color: string;
}

function color(id: string, control: boolean | undefined): string {
  if (control) return '#c4c4c4';
  return id.startsWith('fanring') ? '#1f6feb' : '#8b949e';
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function text(x: number, y: number, content: string, extra = ''): string {
  return `<text x="${x}" y="${y}" ${extra}>${escaped(content)}</text>`;
}

/** One scenario: a bar for each system, all to the same scale. */
function panel(title: string, unit: string, entries: readonly Entry[], top: number): string[] {
  const longest = Math.max(...entries.map(({ value }) => value));
  const lines = [text(0, top + 20, `${title} — ${unit}`, 'font-weight="bold"')];
  entries.forEach((entry, index) => {
    const y = top + TITLE + index * (BAR + GAP);
    const width = Math.max(1, (entry.value / longest) * (WIDTH - LABEL - VALUE));
    lines.push(
      text(LABEL - 8, y + 13, entry.title, 'text-anchor="end"'),
      `<rect x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${entry.color}"/>`,
      text(LABEL + Math.round(width) + 6, y + 13, entry.value.toPrecision(3)),
    );
  });
  return lines;
}

/** The results as an SVG image: server CPU for each delivery, memory for idle connections. */
export function toSvg({ rows }: Results): string {
  const lines: string[] = [];
  let top = 0;
  for (const scenario of SCENARIOS) {
    const idle = scenario.load.kind === 'idle';
    const entries = SYSTEMS.flatMap(({ id, title, control }): Entry[] => {
      const measured = resultOf(rows, scenario.id, id);
      const value = idle ? measured?.kbPerConnection : measured?.cpu;
      return value === undefined ? [] : [{ title, value, color: color(id, control) }];
    });
    if (entries.length === 0) continue;
    const unit = idle ? 'KB each' : 'server CPU, µs each';
    lines.push(...panel(scenario.title, unit, entries, top));
    top += TITLE + entries.length * (BAR + GAP) + 16;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}" font-family="system-ui, sans-serif" font-size="12">`,
    '<title>Server CPU and memory of fanring and its peers</title>',
    `<rect width="${WIDTH}" height="${top}" fill="#fff"/>`,
    ...lines,
    '</svg>\n',
  ].join('\n');
}
