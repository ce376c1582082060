/** The words of a line that `quoteForShell` has made. */
export function unquoted(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] as string;
    if (character === ' ') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "'") {
      const end = line.indexOf("'", at + 1);
      word = (word ?? '') + line.slice(at + 1, end);
      at = end;
    } else if (character === '\\') {
      at += 1;
      word = (word ?? '') + (line[at] ?? '');
    } else word = (word ?? '') + character;
  }
  return word === undefined ? words : [...words, word];
}

export interface SshCommand {
  host: string;
  words: string[];
}

/** The host and the remote command of an ssh command line of the program. */
export function parseSsh(argv: readonly string[]): SshCommand {
  const alias = argv.find((arg) => arg.startsWith('HostKeyAlias='));
  const words = unquoted(argv.at(-1) ?? '');
  const first = words.findIndex((word) => !/^(PATH|LC_ALL)=/.test(word));
  return { host: alias?.slice('HostKeyAlias='.length) ?? '', words: words.slice(first) };
}
