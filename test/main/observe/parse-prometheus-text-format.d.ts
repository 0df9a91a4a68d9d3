declare module 'parse-prometheus-text-format' {
  /** One sample of a metric. */
  export interface ParsedSample {
    readonly value: string;
    readonly labels?: Readonly<Record<string, string>>;
  }

  /** One metric with all its samples. */
  export interface ParsedMetric {
    readonly name: string;
    readonly help: string;
    readonly type: string;
    readonly metrics: readonly ParsedSample[];
  }

  const parse: (text: string) => ParsedMetric[];
  // biome-ignore lint/style/noDefaultExport: it is what the package has
  export default parse;
}
