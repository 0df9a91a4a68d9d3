/** Has the clock that connections read show a time of the test's own. */
export function clock(t: { mock: typeof import('node:test').mock }) {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  return (time: number) => {
    now = time;
  };
}
