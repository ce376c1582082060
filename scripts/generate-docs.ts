/**
 * Writes the parts of the docs that come from the code, between `<!-- NAME -->` and `<!-- /NAME -->`; the README's commands are
 * written by `oclif readme`, between marks of its own.
 * With `--check` it writes nothing and fails where a page is behind the code.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { stateDiagram } from '../src/hosts/state-table.ts';
import { ownershipTable } from '../src/ownership/rules.ts';
import { EXIT_CODES } from '../src/std/errors.ts';
import { EVENTS } from '../src/std/event-table.ts';
import * as protocol from './protocol-tables.ts';

const root = join(import.meta.dirname, '..');

/** What `oclif readme` makes of a page: its list of commands, and the help of each. It writes a file, so it is given a copy. */
async function withCommands(page: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'spare-readme-'));
  const copy = join(folder, 'README.md');
  const oclif = join(root, 'node_modules', 'oclif', 'bin', 'run.js');
  const argv = [oclif, 'readme', '--readme-path', copy, '--no-aliases', '--no-source-links'];
  try {
    writeFileSync(copy, page);
    // It would ask the registry for a newer oclif, and wrap as wide as the terminal.
    const env = { OCLIF_SKIP_NEW_VERSION_CHECK: 'true', COLUMNS: '110', NO_COLOR: '1' };
    await execa(process.execPath, argv, { cwd: root, env });
    return readFileSync(copy, 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function exitCodes(): string {
  const rows = Object.entries(EXIT_CODES).map(([, { code, meaning }]) => `| ${code} | ${meaning} |`);
  const ended = '| 130 | Killed in the middle of a step by repeated Ctrl-C: run the command again |';
  return ['| exit code | meaning |', '| --- | --- |', '| 0 | Success, verified |', ...rows, ended].join('\n');
}

function eventTable(): string {
  // The lab's events are for those who develop spare.
  const rows = Object.entries(EVENTS)
    .filter(([, { by }]) => by !== 'lab')
    .map(([name, { by, level, sentence }]) => `| \`${name}\` | ${by} | ${level} | ${sentence} |`);
  return ['| event | by | level | means |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function withSection(page: string, name: string, content: string): string {
  const begin = `<!-- ${name} -->`;
  const end = `<!-- /${name} -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`Section '${name}' not found: expected ${begin} and ${end}`);
  return `${page.slice(0, from + begin.length)}\n${content}\n${page.slice(to)}`;
}

const PAGES: Record<string, Record<string, () => string | Promise<string>>> = {
  'README.md': { 'exit codes': exitCodes },
  'docs/protocol.md': {
    pdus: protocol.pduTable,
    keys: protocol.keyTable,
    'login statuses': protocol.loginStatusTable,
    'reject reasons': protocol.rejectReasonTable,
    'task management': protocol.taskManagementTable,
    commands: protocol.commandTable,
    'vital product data': protocol.vitalProductDataTable,
    'mode pages': protocol.modePageTable,
    bounds: protocol.limitTable,
  },
  'docs/json.md': { events: eventTable },
  'docs/failover.md': {
    states: () => `\`\`\`mermaid\n${stateDiagram().trim()}\n\`\`\``,
    ownership: () => ownershipTable().trim(),
  },
};

const check = process.argv.includes('--check');
for (const [name, sections] of Object.entries(PAGES)) {
  const path = join(root, name);
  const before = readFileSync(path, 'utf8');
  let after = before;
  for (const [section, generate] of Object.entries(sections)) after = withSection(after, section, await generate());
  if (name === 'README.md') after = await withCommands(after);
  if (after === before) continue;
  if (check) {
    console.error(`${name} is out of date. Run: npm run docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, after);
    console.log(`Wrote ${name}`);
  }
}

// oclif would believe it, however old it is, and not look at the commands.
if (existsSync(join(root, 'oclif.manifest.json'))) {
  console.error("oclif.manifest.json is made for a package only ('npm pack'): remove it");
  process.exitCode = 1;
}
