import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { quoteForShell } from './quote.ts';
import { installRoot } from './template.ts';

const FOLDER = 'templates/machine';
const texts = new Map<string, string>();

/**
 * Runs a program of templates/machine on a machine that need not have it: its text goes along, so it is always the one that
 * belongs to this spare. Its arguments are not expanded by any shell.
 * @param name Its file, e.g. `set-bits`; its head says what it takes.
 */
export function programArgv(name: string, ...args: string[]): string[] {
  return ['sh', '-c', programText(name), name, ...args];
}

/** A command line for people to read: a program by its file, not by its text. */
export function shownCommand(argv: readonly string[]): string {
  const [shell, option, text, name = '', ...args] = argv;
  const isProgram = shell === 'sh' && option === '-c' && text !== undefined && text === texts.get(name);
  return quoteForShell(isProgram ? [`${FOLDER}/${name}`, ...args] : argv);
}

function programText(name: string): string {
  const known = texts.get(name);
  if (known !== undefined) return known;
  const text = readFileSync(join(installRoot, FOLDER, name), 'utf8');
  texts.set(name, text);
  return text;
}
