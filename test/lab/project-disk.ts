import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { PROJECT_DIRECTORY, shortHash } from './settings.ts';

/** What of the project runs on a standby: what an installed package would have. */
const SHIPPED = ['bin', 'src', 'templates', 'package.json'];
// Node alone is 150 MiB; the rest is room for what is deployed later.
const SIZE = '400M';

/**
 * Makes `file` an ext4 image of the project as it is in the working tree, with its production dependencies and their Node,
 * unless it holds just that already.
 */
export async function ensureProjectDisk(file: string): Promise<void> {
  const key = await projectKey();
  const known = await readFile(keyFile(file), 'utf8').catch(() => undefined);
  if (known === key && existsSync(file)) return;
  const staging = await mkdtemp(`${file}.building-`);
  try {
    const tree = join(staging, 'tree');
    await mkdir(tree);
    for (const name of [...SHIPPED, ...(await productionDependencies())]) {
      await mkdir(dirname(join(tree, name)), { recursive: true });
      await cp(join(PROJECT_DIRECTORY, name), join(tree, name), { recursive: true, verbatimSymlinks: true });
    }
    const image = join(staging, 'image');
    await execa('truncate', ['-s', SIZE, image]);
    await execa('/sbin/mkfs.ext4', [
      '-q',
      '-F',
      '-m',
      '0',
      '-E',
      'lazy_itable_init=0,root_owner=0:0',
      '-d',
      tree,
      image,
    ]);
    await rename(image, file);
    await writeFile(keyFile(file), key);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** The shipped files, without the dependencies, as a tar archive: what `deploy` sends to a running standby. */
export async function projectArchive(): Promise<Uint8Array> {
  const names = SHIPPED.filter((name) => existsSync(join(PROJECT_DIRECTORY, name)));
  const { stdout } = await execa('tar', ['-C', PROJECT_DIRECTORY, '-cf', '-', ...names], { encoding: 'buffer' });
  return stdout;
}

/** Says that `file` now holds the project as it is: after `projectArchive` was unpacked into it. */
export async function markProjectDiskCurrent(file: string): Promise<void> {
  await writeFile(keyFile(file), await projectKey());
}

function keyFile(file: string): string {
  return `${file}.key`;
}

/** Changes when any shipped file or the set of dependencies changes. */
async function projectKey(): Promise<string> {
  const parts = [await readFile(join(PROJECT_DIRECTORY, 'package-lock.json'), 'utf8')];
  for (const name of SHIPPED) {
    for (const file of await filesBelow(name)) parts.push(file, await readFile(join(PROJECT_DIRECTORY, file), 'utf8'));
  }
  return shortHash(parts);
}

async function filesBelow(name: string): Promise<string[]> {
  const path = join(PROJECT_DIRECTORY, name);
  if (!(await stat(path)).isDirectory()) return [name];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((file) => file.slice(PROJECT_DIRECTORY.length + 1)).sort();
}

/** `node_modules/…` of every installed package that is not for development only, by the lock file. */
async function productionDependencies(): Promise<string[]> {
  const lock = JSON.parse(await readFile(join(PROJECT_DIRECTORY, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  const wanted = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  const paths = wanted.map(([path]) => path).filter((path) => existsSync(join(PROJECT_DIRECTORY, path)));
  // A package inside another's node_modules comes with it.
  return paths.filter((path) => !paths.some((other) => path.startsWith(`${other}/`)));
}
