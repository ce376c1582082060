import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkShell, shellPrograms } from '../../scripts/check-shell.ts';
import { installRoot } from '../../src/machine/template.ts';

interface Context {
  root: string;
}
const check = suite<Context>('check of the shell programs');
check.before.each((context) => {
  context.root = mkdtempSync(join(tmpdir(), 'spare-check-shell-'));
});
check.after.each(({ root }) => rmSync(root, { recursive: true, force: true }));

function put(root: string, path: string, ...lines: string[]): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${lines.join('\n')}\n`);
  chmodSync(file, 0o755);
}

check('a program is known by its first line, wherever it stands', ({ root }) => {
  put(root, 'templates/deep/start', '#!/bin/sh', 'true');
  put(root, '.ci/run', '#!/usr/bin/env bash', 'true');
  put(root, 'image/init.sh', '#!/bin/busybox sh', 'true');
  put(root, 'README.md', 'Run it with #!/bin/sh');
  put(root, 'guest/write.py', '#!/usr/bin/env python3');
  put(root, 'node_modules/other/start', '#!/bin/sh', 'true');
  put(root, 'empty');
  assert.equal(
    shellPrograms(root).map((path) => path.slice(root.length + 1)),
    ['.ci/run', 'image/init.sh', 'templates/deep/start'],
  );
});

check('the programs of this repository are found', () => {
  const found = shellPrograms(installRoot).map((path) => path.slice(installRoot.length + 1));
  for (const path of ['.ci/run', 'bin/spare', 'templates/primary/service', 'templates/primary/inside/nfs-start'])
    assert.ok(found.includes(path), path);
});

check('a clean program passes', async ({ root }) => {
  put(root, 'good', '#!/bin/sh', 'echo "$1"');
  assert.is(await checkShell(root), '');
});

check('a bad program fails, with its file and what is wrong', async ({ root }) => {
  put(root, 'good', '#!/bin/sh', 'echo "$1"');
  put(root, 'bad', '#!/bin/sh', 'rm -r $1');
  assert.match(await checkShell(root), /bad line 2:.*SC2086/s);
});

check('a bad library fails with the program that sources it', async ({ root }) => {
  put(root, '.shellcheckrc', 'external-sources=true', 'source-path=SCRIPTDIR');
  put(root, 'program', '#!/bin/sh', 'here=$(dirname "$0")', '. "$here/lib/library.sh"', 'forget "$1"');
  put(root, 'lib/library.sh', '# shellcheck shell=sh', 'forget() { rm -r $1; }');
  assert.match(await checkShell(root), /library\.sh line 2:.*SC2086/s);
});

check('code within quotes is told: nobody could check it', async ({ root }) => {
  put(root, 'quoted', '#!/bin/sh', `sh -c 'rm -r "$1"' remove "$1"`, `text='echo $HOME'`, 'eval "$text"');
  assert.match(await checkShell(root), /SC2016/);
});

check('nothing to check is a mistake', async ({ root }) => {
  put(root, 'README.md', 'No programs');
  try {
    await checkShell(root);
  } catch (error) {
    assert.match((error as Error).message, 'there are none');
    return;
  }
  assert.unreachable();
});

check.run();
