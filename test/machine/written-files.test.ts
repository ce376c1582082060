import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeFileArgv, writeFilesArgv, writeFilesInput } from '../../src/machine/file-commands.ts';
import { LocalMachine } from '../../src/machine/local-machine.ts';
import type { WrittenFile } from '../../src/machine/machine.ts';

interface Writer {
  writeFile(path: string, content: string, mode: number): Promise<void>;
  writeFiles(files: readonly WrittenFile[]): Promise<void>;
}

/** As a primary does it, without the connection. */
const throughShell: Writer = {
  async writeFile(path, content, mode) {
    const [file = '', ...args] = writeFileArgv(path, mode);
    await execa(file, args, { input: content });
  },
  async writeFiles(files) {
    const [file = '', ...args] = writeFilesArgv();
    await execa(file, args, { input: writeFilesInput(files) });
  },
};

const modeOf = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8);

for (const [name, writer] of [
  ['on this machine', new LocalMachine('standby')],
  ['through a shell', throughShell],
] as const) {
  const test = suite<{ directory: string; umask: number }>(`files written ${name}`);

  test.before.each(async (context) => {
    context.directory = await mkdtemp(join(tmpdir(), 'spare-files-'));
    context.umask = process.umask(0o077);
  });
  test.after.each(async ({ directory, umask }) => {
    process.umask(umask);
    await rm(directory, { recursive: true, force: true });
  });

  test('a file has its content and its mode, whatever the umask and what was there; its folder is made', async ({
    directory,
  }) => {
    const path = join(directory, 'new folder', 'file');
    await writer.writeFile(path, 'first\n', 0o600);
    assert.equal([await readFile(path, 'utf8'), await modeOf(path)], ['first\n', '600']);
    assert.is(await modeOf(join(directory, 'new folder')), '700');
    await writer.writeFile(path, 'second, without an end of line', 0o644);
    assert.equal([await readFile(path, 'utf8'), await modeOf(path)], ['second, without an end of line', '644']);
    assert.equal(await readdir(join(directory, 'new folder')), ['file']);
  });

  test('several files at once, each byte of them', async ({ directory }) => {
    await mkdir(join(directory, 'there'));
    await writeFile(join(directory, 'there/program'), 'old');
    const files = [
      { path: join(directory, 'there/program'), content: '#!/bin/sh\nread -r line\n', mode: 0o755 },
      { path: join(directory, 'empty'), content: '', mode: 0o644 },
      { path: join(directory, 'made/letters'), content: 'äöü €\n\n 12 0644 /etc/passwd\n', mode: 0o600 },
      { path: join(directory, 'there/last'), content: 'no end of line', mode: 0o644 },
    ];
    await writer.writeFiles(files);
    for (const { path, content, mode } of files)
      assert.equal([await readFile(path, 'utf8'), await modeOf(path)], [content, mode.toString(8)], path);
    assert.equal((await readdir(join(directory, 'there'))).sort(), ['last', 'program']);
  });

  test.run();
}
