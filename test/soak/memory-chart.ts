import type { SoakResult } from './soak.ts';

const WIDTH = 920;
const HEIGHT = 320;
const LEFT = 60;
const BOTTOM = 40;
const TOP = 34;
const LINES = 5;
const MIB = 2 ** 20;

type Point = readonly [x: number, y: number];

function path(points: readonly Point[], color: string): string {
  const text = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  return `<polyline points="${text}" fill="none" stroke="${color}" stroke-width="1.5"/>`;
}

function text(x: number, y: number, content: string, extra = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${extra}>${content}</text>`;
}

/** The resident memory and the heap of the engine over time, as an SVG image. */
export function memoryChart({ samples, deaths, ms }: SoakResult): string {
  const most = Math.max(MIB, ...samples.map(({ rss }) => rss));
  const step = Math.max(10, Math.ceil(most / MIB / LINES / 10) * 10);
  const top = step * LINES;
  const x = (at: number) => LEFT + (at / ms) * (WIDTH - LEFT - 10);
  const y = (mebibytes: number) => HEIGHT - BOTTOM - (mebibytes / top) * (HEIGHT - BOTTOM - TOP);
  const lines = Array.from({ length: LINES + 1 }, (_, index) => {
    const at = y(index * step);
    const label = text(LEFT - 8, at + 4, `${index * step}`, 'text-anchor="end"');
    return `<path d="M${LEFT} ${at.toFixed(1)}H${WIDTH - 10}" stroke="#ddd"/>${label}`;
  });
  const times = Array.from({ length: LINES + 1 }, (_, index) => {
    const at = (index / LINES) * ms;
    return text(
      x(at),
      HEIGHT - 16,
      `${(at / 60_000).toFixed(ms < 600_000 ? 2 : 0)} min`,
      'text-anchor="middle"',
    );
  });
  const marks = deaths.map(
    (at) => `<path d="M${x(at).toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}" stroke="#f3c6c6"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH + 30}" height="${HEIGHT}" viewBox="0 0 ${WIDTH + 30} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12">`,
    '<title>Memory of the engine during the soak</title>',
    `<rect width="${WIDTH + 30}" height="${HEIGHT}" fill="#fff"/>`,
    text(0, 18, 'Memory of the engine, MiB', 'font-weight="bold"'),
    text(200, 18, 'resident', 'fill="#1f6feb"'),
    text(260, 18, 'heap of the primary', 'fill="#8b949e"'),
    text(390, 18, 'a shard was killed', 'fill="#d07070"'),
    ...marks,
    ...lines,
    ...times,
    path(
      samples.map(({ at, heap }): Point => [x(at), y(heap / MIB)]),
      '#8b949e',
    ),
    path(
      samples.map(({ at, rss }): Point => [x(at), y(rss / MIB)]),
      '#1f6feb',
    ),
    '</svg>\n',
  ].join('\n');
}
