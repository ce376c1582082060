const NEEDS_NO_QUOTES = /^[\w@%+=:,./-]+$/;

/** Quotes words as one line for a POSIX shell, so that nothing is expanded. Command lines are shown in this form, too. */
export function quoteForShell(words: readonly string[]): string {
  return words.map((word) => (NEEDS_NO_QUOTES.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}
