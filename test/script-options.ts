/**
 * What a script is to do. Where its options are wrong it says so, with its usage, and returns
 * undefined; the exit code is 2 then.
 */
export function scriptOptions<Options>(read: () => Options, usage: string): Options | undefined {
  try {
    return read();
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exitCode = 2;
    return undefined;
  }
}
