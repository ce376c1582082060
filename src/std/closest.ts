/** Of several words the one that a mistyped one is nearest to, by the number of letters to change; `undefined` where none is near. */
export function closest(typed: string, words: readonly string[]): string | undefined {
  const ranked = words
    .map((word) => ({ word, distance: editDistance(typed.toLowerCase(), word) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = ranked;
  // Half of the letters may be wrong: with more it is another word.
  return best && best.distance <= Math.ceil(best.word.length / 2) ? best.word : undefined;
}

/** Insertions, deletions and replacements (Levenshtein 1966), row by row. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + (to[column - 1] === letter ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
