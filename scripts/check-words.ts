/**
 * Finds phrases that docs/glossary.md replaces, in everything a user reads: the pages, and the sources with their messages and help.
 * Prints `path:line: phrase` for each and exits with 1; part of the gate.
 *
 *     node scripts/check-words.ts [FOLDER]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The phrase, and what to write instead. Only phrases without any right use belong here. */
const REPLACED: Readonly<Record<string, string>> = {
  'mirror set': 'array',
  'fence hook': 'fence command',
  'first copy': 'initial resync',
  'filled anew': 'resynced',
  'taken back': 'rolled back',
  'gone home': 'failed back',
  'going home': 'failing back',
  'goes home': 'fails back',
  'by itself': 'automatically',
  'silent on every path': 'unreachable on all probes',
  'loss of power': 'power loss',
  'lost its power': 'lost power',
  'under way': 'running, outstanding',
  'of ours': "spare's",
  'shall be': 'is to be',
  'put right': 'fixed',
  'said to be': 'should be',
};

const root = resolve(process.argv[2] ?? '.');
const PAGES = ['*.md', 'src', 'templates', 'bin', 'scripts'];
const list = ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...PAGES];
const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '');

// This file names the phrases; `--cached` also lists files that were just deleted.
for (const path of files.filter((file) => file !== 'scripts/check-words.ts' && existsSync(join(root, file)))) {
  readFileSync(join(root, path), 'utf8')
    .split('\n')
    .forEach((line, index) => {
      const found = Object.keys(REPLACED).find((phrase) => new RegExp(`\\b${phrase}\\b`, 'i').test(line));
      if (found === undefined) return;
      console.error(`${path}:${index + 1}: '${found}', write '${REPLACED[found]}' (docs/glossary.md)`);
      process.exitCode = 1;
    });
}
