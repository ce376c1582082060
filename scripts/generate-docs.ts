/**
 * Writes the parts of the docs that come from the code, between `<!-- NAME -->` and `<!-- /NAME -->`.
 * With `--check` it writes nothing and fails where a page is behind the code.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Config, Help } from '@oclif/core';
import { stateDiagram } from '../src/hosts/state-table.ts';
import { EXIT_CODES } from '../src/std/errors.ts';
import { EVENTS } from '../src/std/event-table.ts';
import * as protocol from './protocol-tables.ts';

const root = join(import.meta.dirname, '..');

/** oclif's own help text of a command, as `spare COMMAND --help` prints it. */
class HelpText extends Help {
  of(command: Command.Loadable): string {
    return this.formatCommand(command);
  }
}

async function commandReference(): Promise<string> {
  const config = await Config.load(root);
  const help = new HelpText(config, { stripAnsi: true, maxWidth: 110 });
  const commands = config.commands.toSorted((a, b) => a.id.localeCompare(b.id));
  return commands
    .map((command) => `### \`spare ${command.id}\`\n\n\`\`\`text\n${help.of(command).trimEnd()}\n\`\`\``)
    .join('\n\n');
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
  'README.md': { commands: commandReference, 'exit codes': exitCodes },
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
  'docs/failover.md': { states: () => `\`\`\`mermaid\n${stateDiagram().trim()}\n\`\`\`` },
};

const check = process.argv.includes('--check');
for (const [name, sections] of Object.entries(PAGES)) {
  const path = join(root, name);
  const before = readFileSync(path, 'utf8');
  let after = before;
  for (const [section, generate] of Object.entries(sections)) after = withSection(after, section, await generate());
  if (after === before) continue;
  if (check) {
    console.error(`${name} is out of date. Run: npm run docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, after);
    console.log(`Wrote ${name}`);
  }
}
