const NEEDS_NO_QUOTES = /^[\w@%+=:,./-]+$/;

/** Words as one line for a POSIX shell: nothing in them is expanded. Also how command lines are shown. */
export function quoteForShell(words: readonly string[]): string {
  return words.map((word) => (NEEDS_NO_QUOTES.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}
