/** The `data` of a connection, by what `authorize` returns: `false` refuses, and promises resolve. */
export type DataOf<Result> = Exclude<Awaited<Result>, false>;
