import { execFileSync } from 'node:child_process';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { execLocal } from '../../src/machine/exec.ts';
import {
  NO_SUCH_FILE,
  readFileArgv,
  writeFileArgv,
  writeFilesArgv,
  writeFilesInput,
} from '../../src/machine/file-commands.ts';
import { LocalMachine } from '../../src/machine/local-machine.ts';
import type { WrittenFile } from '../../src/machine/machine.ts';
import { programArgv, shownCommand } from '../../src/machine/program.ts';
import { checkRequirements } from '../../src/machine/requirements.ts';
import { installRoot } from '../../src/machine/template.ts';
import { primaryFacts } from '../../src/operations/enroll/facts.ts';
import { SpareError } from '../../src/std/errors.ts';

const machine = new LocalMachine('standby');

/** As it is done on a primary. */
async function writeFiles(files: readonly WrittenFile[]): Promise<void> {
  await execLocal(writeFilesArgv(), { input: writeFilesInput(files) });
}

interface Context {
  folder: string;
}
const program = suite<Context>('programs for machines');
program.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "spare-program-$x '"));
});
program.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

program('each program is run by something, and each that is run is there', () => {
  const sources = globSync('src/**/*.ts', { cwd: installRoot }).map((file) =>
    readFileSync(join(installRoot, file), 'utf8'),
  );
  const run = sources.flatMap((text) => [...text.matchAll(/programArgv\('([\w-]+)'/g)].map(([, name = '']) => name));
  assert.equal([...new Set(run)].sort(), readdirSync(join(installRoot, 'templates/machine')).sort());
});

program('one that fails is told by its file and its arguments, not by its text', async ({ folder }) => {
  const argv = programArgv('read-file', join(folder, 'missing'));
  assert.is(shownCommand(argv), shownCommand(['templates/machine/read-file', join(folder, 'missing')]));
  try {
    await execLocal(argv);
  } catch (error) {
    assert.instance(error, SpareError);
    assert.match((error as SpareError).message, /templates\/machine\/read-file [^\n]*missing/);
    assert.not.match((error as SpareError).message, '#!');
    return;
  }
  assert.unreachable();
});

program('any other command is shown as it is', () => {
  assert.is(shownCommand(['sh', '-c', 'echo "$1"', 'read-file', 'x']), `sh -c 'echo "$1"' read-file x`);
  assert.is(shownCommand(['mdadm', '--stop', '/dev/md/alpha']), 'mdadm --stop /dev/md/alpha');
});

program(
  'a file is written with its mode and read, whatever its name; where there is none, that is told',
  async ({ folder }) => {
    const path = join(folder, 'deep/er', 'a $file');
    await execLocal(writeFileArgv(path, 0o640), { input: 'old\n' });
    await execLocal(writeFileArgv(path, 0o600), { input: 'new\n' });
    assert.is((await execLocal(readFileArgv(path))).stdout, 'new\n');
    assert.is(statSync(path).mode & 0o777, 0o600);
    assert.equal(readdirSync(join(folder, 'deep/er')), ['a $file']);
    const { exitCode } = await execLocal(readFileArgv(`${path}x`), { acceptExitCodes: [NO_SUCH_FILE] });
    assert.is(exitCode, NO_SUCH_FILE);
  },
);

program('a file is removed, and one that is gone already too', async ({ folder }) => {
  const path = join(folder, 'passive');
  writeFileSync(path, '');
  await machine.exec(programArgv('remove-file', path));
  assert.not.ok(existsSync(path));
  await machine.exec(programArgv('remove-file', path));
});

program('a machine that has the programs of an older spare gets the new ones in their place', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spare-install-'));
  try {
    const service = join(folder, 'service');
    writeFileSync(service, '#!/bin/sh\n# all in one\n', { mode: 0o755 });
    const { ino } = statSync(service);
    await writeFiles([
      { path: join(folder, 'lib/host.sh'), content: '# a library\n', mode: 0o644 },
      { path: service, content: '#!/bin/sh\n# small, and not ASCII: “é”\n', mode: 0o755 },
    ]);
    assert.is(readFileSync(service, 'utf8'), '#!/bin/sh\n# small, and not ASCII: “é”\n');
    assert.not.equal(statSync(service).ino, ino, 'one that runs keeps its old text');
    assert.is(statSync(service).mode & 0o777, 0o755);
    assert.is(statSync(join(folder, 'lib/host.sh')).mode & 0o777, 0o644);
    assert.equal(readdirSync(folder).sort(), ['lib', 'service']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

program('nothing is replaced where one of the files can not be written', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spare-install-'));
  try {
    writeFileSync(join(folder, 'service'), 'old\n');
    mkdirSync(join(folder, 'guard.new'));
    const files = ['service', 'guard'].map((name) => ({ path: join(folder, name), content: 'new\n', mode: 0o755 }));
    await writeFiles(files).then(
      () => assert.unreachable(),
      (error: Error) => assert.match(error.message, 'write-files'),
    );
    assert.is(readFileSync(join(folder, 'service'), 'utf8'), 'old\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

program(
  'data at the start or at the end of a device is found, and is gone when it is made blank',
  async ({ folder }) => {
    const device = join(folder, 'disk');
    const size_bytes = 4 * 2 ** 20;
    const exitCode = async () =>
      (await machine.exec(programArgv('is-blank', device, String(size_bytes)), { acceptExitCodes: [3] })).exitCode;
    for (const at of [0, 2 ** 20 - 1, 3 * 2 ** 20, size_bytes - 1]) {
      const content = Buffer.alloc(size_bytes);
      writeFileSync(device, content);
      assert.is(await exitCode(), 0);
      content[at] = 1;
      content[2 * 2 ** 20] = 7;
      writeFileSync(device, content);
      assert.is(await exitCode(), 3, `a byte at ${at}`);
      await machine.exec(programArgv('make-blank', device, String(size_bytes)));
      assert.is(await exitCode(), 0);
      const left = readFileSync(device);
      assert.equal([left.length, left[2 * 2 ** 20]], [size_bytes, 7], 'the rest stays');
    }
  },
);

program('a device that cannot be read is not taken for a blank one', async ({ folder }) => {
  await machine.exec(programArgv('is-blank', join(folder, 'missing'), '4194304')).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, 'is-blank'),
  );
});

program('programs and modules that are missing are named, with how to install them', async () => {
  const there = { command: 'sh', debianPackage: 'dash' };
  const missing = { command: 'no-such-program', debianPackage: 'none' };
  const failure = async (programs: (typeof there)[], modules: string[]) =>
    checkRequirements(machine, { programs, modules, where: 'here' }).then(
      () => undefined,
      ({ code, message, hint }: SpareError) => [code, message, hint],
    );
  assert.is(await failure([there], []), undefined);
  assert.equal(await failure([there, missing], ['no_such_module']), [
    'PROGRAMS_MISSING',
    'Missing programs here: no-such-program',
    'Run here: apt-get install none',
  ]);
  assert.equal((await failure([there], ['no_such_module']))?.slice(0, 2), [
    'MODULES_MISSING',
    'Missing kernel modules here: no_such_module',
  ]);
});

program('a mirror set that does not run has no state', async ({ folder }) => {
  assert.is((await machine.exec(programArgv('mirror-status', join(folder, 'md'), '/dev/null'))).stdout, '');
});

program('marks that the kernel does not take fail', async () => {
  await machine.exec(programArgv('set-bits', 'no-such-array'), { input: '1\n2\n' }).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, 'set-bits no-such-array'),
  );
});

program(
  'the facts of a machine are found: what is no device has none, and what is mounted is told',
  async ({ folder }) => {
    const facts = await primaryFacts(machine, { device: folder, networkInterface: 'lo', mountPoint: '/' });
    assert.is(facts.realPath, '');
    assert.is(facts.interfaceExists, true);
    assert.is(facts.mountPointEmpty, false);
    const root = execFileSync('findmnt', ['--noheadings', '--output', 'SOURCE', '--mountpoint', '/'], {
      encoding: 'utf8',
    });
    assert.is(facts.mountedThere, root.trim());
    const empty = await primaryFacts(machine, { device: folder, networkInterface: 'no-such', mountPoint: folder });
    assert.is(empty.interfaceExists, false);
    assert.is(empty.mountPointEmpty, true);
    assert.is(empty.mountedThere, undefined);
  },
);

program.run();
