/**
 * No processor with AMX is needed: every kernel refuses an area that is too short, with the same error as there. Whether user-mode Linux then runs
 * on such a processor is not shown here.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compileXsaveShim } from './xsave-shim.ts';

const SOURCE = join(import.meta.dirname, '../../fixtures/lab/short-xsave.c');

const test = suite<{ directory: string; program: string }>('the shim for processors with AMX');

test.before(async (context) => {
  context.directory = await mkdtemp(join(tmpdir(), 'spare-xsave-'));
  context.program = join(context.directory, 'short-xsave');
  await execa('cc', ['-Wall', '-Werror', '-o', context.program, SOURCE]);
});

test.after(({ directory }) => rm(directory, { recursive: true, force: true }));

test('the kernel refuses registers that are cut short', async ({ program }) => {
  const { stdout } = await execa(program);
  assert.is(stdout, `refused ${constants.errno.EFAULT}`);
});

test('with the shim it takes them, and vector registers are whole', async ({ directory, program }) => {
  const { stdout } = await execa(program, { env: { LD_PRELOAD: await compileXsaveShim(directory) } });
  assert.is(stdout, 'kept');
});

test('is compiled once', async ({ directory }) => {
  assert.is(await compileXsaveShim(directory), await compileXsaveShim(directory));
});

test.run();
