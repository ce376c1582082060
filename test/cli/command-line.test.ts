import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
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
  assert.match(stderr, /^Error: .*nosuch.*\nHint: .*--help/);
  assert.is(stdout, '');
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
