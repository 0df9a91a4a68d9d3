/** The item in the middle, by a figure of it; of an even number the higher one; undefined of none. */
export function medianOf<Item>(
  items: readonly Item[],
  by: (item: Item) => number,
): Item | undefined {
  return items.toSorted((a, b) => by(a) - by(b))[items.length >> 1];
}
