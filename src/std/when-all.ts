/** Starts something for each item, and calls back when all are done. */
export function whenAll<Item>(
  items: readonly Item[],
  start: (item: Item, done: () => void) => void,
  done: () => void,
): void {
  let left = items.length + 1;
  const oneDone = (): void => {
    if (--left === 0) done();
  };
  for (const item of items) start(item, oneDone);
  oneDone();
}
