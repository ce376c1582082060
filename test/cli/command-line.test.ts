import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { HelpResult } from '../../src/cli/find-help.ts';
import type { ErrorReport } from '../../src/cli/report-error.ts';

const launcher = join(import.meta.dirname, '..', '..', 'bin', 'spare');
const test = suite('command line');
let folder: string;
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'spare-cli-'));
});
test.after(() => rmSync(folder, { recursive: true }));

function spare(...args: string[]) {
  return execa(launcher, args, {
    cwd: folder,
    reject: false,
    timeout: 20_000,
    env: {
      SPARE_CONFIG_DIR: join(folder, 'etc'),
      SPARE_STATE_DIR: join(folder, 'var'),
      SPARE_RUNTIME_DIR: join(folder, 'run'),
    },
  });
}

test('starts through a symlink, from another folder, under its own Node', async () => {
  const link = join(folder, 'spare');
  symlinkSync(launcher, link);
  const { stdout } = await execa(link, ['--version'], { cwd: '/' });
  assert.match(stdout, /^spare\/\d+\.\d+\.\d+ linux-\w+ node-v26\./);
});

test('tells an unknown command with exit code 2 and a hint', async () => {
  const { exitCode, stderr, stdout } = await spare('nosuch');
  assert.is(exitCode, 2);
  assert.match(stderr, /^Error: Unknown command 'nosuch'\nHint: .*spare help/);
  assert.is(stdout, '');
});

test('suggests the command that was meant, without asking where there is no terminal', async () => {
  const { exitCode, stdout, stderr } = await spare('stauts', 'alpha', '--json');
  assert.is(exitCode, 2);
  assert.is(stderr, '');
  const { error } = JSON.parse(stdout) as ErrorReport;
  assert.equal([error.code, error.message], ['UNKNOWN_COMMAND', "Unknown command 'stauts'"]);
  assert.match(error.hint, 'Did you mean: spare status');
});

test('there is help on every command and every topic, and none on anything else', async () => {
  const { stdout } = await spare('help', '--json');
  const { commands, topics } = JSON.parse(stdout) as Required<HelpResult>;
  assert.ok(commands.length >= 10 && topics.length >= 4);
  for (const { name } of [...commands.slice(0, 2), ...topics]) {
    const help = await spare('help', name);
    assert.equal([help.exitCode, help.stderr], [0, ''], name);
    assert.ok(help.stdout.length > 100, name);
  }
  const { exitCode, stderr } = await spare('help', 'exit-code');
  assert.is(exitCode, 2);
  assert.match(stderr, 'Did you mean: spare help exit-codes');
});

test('tells an unknown flag as JSON where JSON was asked for', async () => {
  const { exitCode, stdout } = await spare('status', '--nosuch', '--json');
  assert.is(exitCode, 2);
  const { error } = JSON.parse(stdout) as ErrorReport;
  assert.is(error.code, 'USAGE');
  assert.match(error.message, '--nosuch');
});

for (const command of ['status', 'failover', 'failback', 'watch']) {
  test(`${command} says that init has not been run, with the exit code of a precondition`, async () => {
    const args = command.startsWith('fail') ? [command, 'alpha', '--json'] : [command, '--json'];
    const { exitCode, stdout } = await spare(...args);
    const { error } = JSON.parse(stdout) as ErrorReport;
    assert.is(error.code, 'NOT_INITIALISED');
    assert.is(exitCode, 3);
  });
}

test.run();
