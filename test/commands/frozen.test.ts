/**
 * What scripts of users rely on does not change by accident: the flags of every command, and the keys and types of every command's JSON.
 * A change that is meant is written down with `npm run snapshots`, and shows in the diff.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '@oclif/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commands } from '../../src/commands/index.ts';
import { CommandWorld } from './command-world.ts';
import { type Shape, shapeOf } from './json-shape.ts';
import { runInProcess } from './run-in-process.ts';
import { SCENARIOS } from './scenarios.ts';

const FOLDER = join(import.meta.dirname, '..', 'fixtures', 'commands');
const update = process.env.SPARE_UPDATE_SNAPSHOTS === '1';
const test = suite('commands are frozen');

interface Snapshot {
  /** Whether oclif gives it `--json`. */
  jsonFlag: boolean;
  args: Shape;
  flags: Shape;
  /** Of each scenario: how it ends, and the shape of what it prints. */
  json: Record<string, { exitCode: number; code?: string; shape: Shape }>;
}

/** What a script can write, and what happens where it does not. Summaries and descriptions may change. */
function frozenOptions(options: Record<string, Command.Flag.Any | Command.Arg.Any>): Shape {
  const keys = [
    'type',
    'char',
    'required',
    'default',
    'options',
    'multiple',
    'hidden',
    'aliases',
    'allowNo',
    'exclusive',
    'dependsOn',
  ];
  const entries = Object.entries(options).map(([name, option]) => {
    const told = Object.entries(option).filter(([key, value]) => keys.includes(key) && value !== undefined);
    return [name, Object.fromEntries(told.toSorted(([a], [b]) => (a < b ? -1 : 1)))] as const;
  });
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1))) as Shape;
}

async function snapshotOf(id: keyof typeof commands): Promise<Snapshot> {
  const command = commands[id];
  const json: Snapshot['json'] = {};
  for (const [name, scenario] of Object.entries(SCENARIOS[id] ?? {})) {
    const world = new CommandWorld();
    try {
      await world.begin();
      const { exitCode, stdout, stderr } = await scenario(world, (...args) => runInProcess(...args, '--json'));
      const values = valuesIn(stdout, `${id}: ${name}: ${stderr}`);
      const code = (values[0] as { error?: { code?: string } }).error?.code;
      const shape = values.length > 1 ? shapeOf(values) : shapeOf(values[0]);
      json[name] = { exitCode, ...(code !== undefined && { code }), shape };
    } finally {
      await world.end();
    }
  }
  return {
    jsonFlag: command.enableJsonFlag,
    args: frozenOptions(command.args ?? {}),
    flags: frozenOptions({ ...command.baseFlags, ...command.flags }),
    json,
  };
}

/** One value, or, of a command that does not end by itself, one a line. */
function valuesIn(text: string, where: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    try {
      return text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    } catch {
      throw new Error(`Not JSON (${where}): ${text}`);
    }
  }
}

mkdirSync(FOLDER, { recursive: true });
for (const id of Object.keys(commands) as (keyof typeof commands)[]) {
  test(`${id}: its flags, and its JSON when it succeeds and when it fails`, async () => {
    const path = join(FOLDER, `${id}.json`);
    const snapshot = JSON.parse(JSON.stringify(await snapshotOf(id)));
    if (update) writeFileSync(path, `${JSON.stringify(snapshot, null, 2)}\n`);
    assert.equal(snapshot, JSON.parse(readFileSync(path, 'utf8')), `If it is meant to change: npm run snapshots`);
  });
}

test('every command is tried in success and in failure, and there is no snapshot of a command that is gone', () => {
  for (const id of Object.keys(commands)) {
    const { json } = JSON.parse(readFileSync(join(FOLDER, `${id}.json`), 'utf8')) as Snapshot;
    const ends = Object.values(json).map(({ code }) => (code === undefined ? 'success' : 'failure'));
    assert.equal([...new Set(ends)].sort(), ['failure', 'success'], id);
  }
  assert.equal(
    readdirSync(FOLDER).sort(),
    Object.keys(commands)
      .map((id) => `${id}.json`)
      .sort(),
  );
});

test.run();
