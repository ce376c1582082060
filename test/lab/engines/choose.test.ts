import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Image } from '../image.ts';
import type { LabSettings } from '../settings.ts';
import { chooseEngine, keepEngine } from './choose.ts';

const IMAGE: Image = { root: '', kernel: '', initrd: '', userModeKernel: '', key: '' };

const test = suite<{ settings: LabSettings; before: string | undefined }>('the choice of an engine');

test.before.each(async (context) => {
  const cacheDirectory = await mkdtemp(join(tmpdir(), 'spare-engine-'));
  const runDirectory = join(cacheDirectory, 'run');
  await mkdir(runDirectory);
  context.settings = { name: 'lab', namespace: 'spare-lab', cacheDirectory, runDirectory };
  context.before = process.env.SPARE_LAB_ENGINE;
});

test.after.each(async ({ settings, before }) => {
  await rm(settings.cacheDirectory, { recursive: true, force: true });
  if (before === undefined) delete process.env.SPARE_LAB_ENGINE;
  else process.env.SPARE_LAB_ENGINE = before;
});

test('SPARE_LAB_ENGINE settles it', async ({ settings }) => {
  for (const name of ['kvm', 'uml', 'tcg']) {
    process.env.SPARE_LAB_ENGINE = name;
    assert.is((await chooseEngine(settings, IMAGE)).name, name);
  }
});

test('another name is refused, with those that are known', async ({ settings }) => {
  process.env.SPARE_LAB_ENGINE = 'bochs';
  const error = await chooseEngine(settings, IMAGE).catch((thrown: Error) => thrown);
  assert.instance(error, Error);
  assert.match((error as Error).message, 'SPARE_LAB_ENGINE=bochs: wanted kvm, uml, tcg');
});

test('a lab keeps the engine that it was started with', async ({ settings }) => {
  process.env.SPARE_LAB_ENGINE = 'tcg';
  await keepEngine(settings, await chooseEngine(settings, IMAGE));
  process.env.SPARE_LAB_ENGINE = 'kvm';
  assert.is((await chooseEngine(settings, IMAGE)).name, 'tcg');
});

test('what has been found out is remembered until this computer restarts', async ({ settings }) => {
  delete process.env.SPARE_LAB_ENGINE;
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  await writeFile(join(settings.cacheDirectory, `engine-${boot}`), 'uml');
  assert.is((await chooseEngine(settings, IMAGE)).name, 'uml');
});

test.run();
