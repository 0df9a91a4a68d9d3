import parse, { type ParsedMetric } from 'parse-prometheus-text-format';

/** A text of metrics as somebody else's parser reads it. */
export class ParsedMetrics {
  readonly all: readonly ParsedMetric[];

  constructor(text: string) {
    this.all = parse(text);
  }

  /** The values of a metric whose samples have these labels, in their order. */
  values(name: string, labels: Readonly<Record<string, string>> = {}): number[] {
    const metric = this.all.find((one) => one.name === name);
    if (metric === undefined) throw new Error(`no metric ${name}`);
    const isMeant = (of: Readonly<Record<string, string>> = {}) =>
      Object.entries(labels).every(([label, value]) => of[label] === value);
    return metric.metrics.filter((one) => isMeant(one.labels)).map(({ value }) => Number(value));
  }

  /** Their sum. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.values(name, labels).reduce((sum, value) => sum + value, 0);
  }
}
