/**
 * Checks the shell programs of the repository with shellcheck, and the libraries that they source.
 * Installs Debian's package where it is missing (as root), or says how.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { installPackages, MissingPackagesError } from '../test/lab/packages.ts';

/** What others wrote, or what is made while tests run. */
const NOT_OURS = new Set(['.git', '.cache', 'node_modules']);
const SHEBANG_OF_A_SHELL = /^#!.*[/ ](sh|dash|bash)(\s|$)/;
const SHEBANG_LIMIT_bytes = 128;

/** Files below `root` whose first line names a shell, sorted. A list kept by hand would miss the next one. */
export function shellPrograms(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(root, entry.name);
      if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : shellPrograms(path);
      return entry.isFile() && SHEBANG_OF_A_SHELL.test(firstLine(path)) ? [path] : [];
    })
    .sort();
}

/**
 * @returns What shellcheck has found in the programs below `root`; empty where they are clean.
 * @throws {MissingPackagesError} where shellcheck is missing and can't be installed
 */
export async function checkShell(root: string): Promise<string> {
  await installPackages([{ package: 'shellcheck', command: 'shellcheck' }], console.error);
  const programs = shellPrograms(root);
  if (programs.length === 0) throw new Error(`Cannot check the shell programs as there are none in ${root}`);
  const argv = ['--check-sourced', '--format', 'tty', '--color=never', ...programs];
  const { exitCode, all } = await execa('shellcheck', argv, { cwd: root, all: true, reject: false, stdin: 'ignore' });
  return exitCode === 0 ? '' : all;
}

function firstLine(path: string): string {
  const file = openSync(path, 'r');
  try {
    const start = Buffer.alloc(SHEBANG_LIMIT_bytes);
    const length = readSync(file, start);
    return start.toString('latin1', 0, length).split('\n', 1)[0] ?? '';
  } finally {
    closeSync(file);
  }
}

if (import.meta.main) {
  try {
    const found = await checkShell(join(import.meta.dirname, '..'));
    if (found !== '') {
      console.error(found);
      process.exitCode = 1;
    }
  } catch (error) {
    if (!(error instanceof MissingPackagesError)) throw error;
    console.error(error.message);
    process.exitCode = 3;
  }
}
