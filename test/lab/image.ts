import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { installDebian, KERNEL_PACKAGE, PACKAGES, SUITE } from './debian-root.ts';
import { BOOT_MODULES, makeInitrd } from './initrd.ts';
import { type LabSettings, MACHINES, SERVICE_ADDRESSES, shortHash } from './settings.ts';

/** What the machines boot from with any engine; read-only, shared by every machine of every lab. */
export interface Image {
  readonly root: string;
  /** Of QEMU's machines. */
  readonly kernel: string;
  readonly initrd: string;
  /** User-mode Linux, as Debian's package has installed it on this computer. Its modules are in the root, too. */
  readonly userModeKernel: string;
  /** The private key that this machine logs in to the lab's machines with. They do not have it. */
  readonly key: string;
}

const USER_MODE_KERNEL = '/usr/bin/linux.uml';
const USER_MODE_MODULES = '/usr/lib/uml/modules';
// Sparse: what is not written takes no space.
const ROOT_SIZE = '6G';
const ROOT_INODES = '100000';
const BUILD_TIMEOUT_MS = 900_000;
const SOURCES_DIRECTORY = join(import.meta.dirname, 'image');

/**
 * The lab's image, from the cache where it has been built from the same inputs, newly built otherwise.
 * Building takes about two minutes and needs root, network access to a Debian mirror, and 2 GiB of disk.
 */
export async function ensureImage(settings: LabSettings, tell: (line: string) => void = () => {}): Promise<Image> {
  const rootKey = shortHash([SUITE, KERNEL_PACKAGE, ...PACKAGES]);
  const made = [...BOOT_MODULES, ...(await userModeVersions()), ROOT_SIZE, ROOT_INODES, hostsFile()];
  const imageKey = shortHash([rootKey, ...made, await sourcesContent()]);
  const rootDirectory = join(settings.cacheDirectory, `root-${rootKey}`);
  const imageDirectory = join(settings.cacheDirectory, `image-${imageKey}`);
  await mkdir(settings.cacheDirectory, { recursive: true, mode: 0o700 });
  if (!existsSync(imageDirectory)) {
    if (process.getuid?.() !== 0) throw new Error('Cannot build the image of the lab: run it as root (sudo)');
    if (!existsSync(rootDirectory)) {
      tell(`Installing Debian ${SUITE} into the lab's image (about a minute)`);
      await buildInto(rootDirectory, installDebian);
    }
    tell("Making the lab's image");
    await buildInto(imageDirectory, (directory) => makeImage(directory, rootDirectory));
  }
  return {
    root: join(imageDirectory, 'root.raw'),
    kernel: join(imageDirectory, 'vmlinuz'),
    initrd: join(imageDirectory, 'initrd.gz'),
    userModeKernel: USER_MODE_KERNEL,
    key: join(imageDirectory, 'key'),
  };
}

/** Builds beside the target and renames, so that an interrupted build is never taken for a finished one. */
async function buildInto(target: string, build: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(`${target}.building-`);
  try {
    await chmod(directory, 0o755);
    await build(directory);
    // Somebody else may have finished first; theirs is as good.
    await rename(directory, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function makeImage(directory: string, rootDirectory: string): Promise<void> {
  const staging = join(directory, 'staging');
  await execa('cp', ['-a', '--reflink=auto', join(rootDirectory, 'root'), staging]);
  await execa('cp', ['-RT', '--no-preserve=ownership', join(SOURCES_DIRECTORY, 'files'), staging]);
  await execa('sh', [join(SOURCES_DIRECTORY, 'configure.sh'), staging]);
  await writeFile(join(staging, 'etc/hosts'), hostsFile());
  const key = join(directory, 'key');
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'lab', '-f', key]);
  await mkdir(join(staging, 'root/.ssh'), { recursive: true, mode: 0o700 });
  await chmod(join(staging, 'root/.ssh'), 0o700);
  await copyFile(`${key}.pub`, join(staging, 'root/.ssh/authorized_keys'));
  await copyFile(join(staging, 'boot/vmlinuz'), join(directory, 'vmlinuz'));
  const [version] = await readdir(join(staging, 'usr/lib/modules'));
  if (version === undefined) throw new Error('Cannot make the initrd: the kernel package brought no modules');
  await makeInitrd(directory, staging, version, join(SOURCES_DIRECTORY, 'initrd-init.sh'));
  await addUserModeModules(staging);
  const raw = join(directory, 'root.raw');
  await execa('truncate', ['-s', ROOT_SIZE, raw]);
  await execa(
    '/sbin/mkfs.ext4',
    ['-q', '-F', '-m', '0', '-N', ROOT_INODES, '-E', 'lazy_itable_init=0,root_owner=0:0', '-d', staging, raw],
    { timeout: BUILD_TIMEOUT_MS },
  );
  await chmod(raw, 0o444);
  await rm(staging, { recursive: true, force: true });
}

/** One root serves every engine: each kernel finds its own modules. */
async function addUserModeModules(root: string): Promise<void> {
  for (const version of await userModeVersions()) {
    await execa('cp', ['-a', join(USER_MODE_MODULES, version), join(root, 'usr/lib/modules')]);
    await execa('chroot', [root, 'depmod', version]);
  }
}

/** None where the package is not installed. */
async function userModeVersions(): Promise<string[]> {
  return (await readdir(USER_MODE_MODULES).catch(() => [])).sort();
}

function hostsFile(): string {
  const machines = Object.values(MACHINES).map(({ name, address }) => `${address} ${name}`);
  const services = Object.entries(SERVICE_ADDRESSES).map(([name, address]) => `${address} ${name}-service`);
  return ['127.0.0.1 localhost', ...machines, ...services, ''].join('\n');
}

/** Paths and contents of everything that is copied into the image, for the cache's key. */
async function sourcesContent(): Promise<string> {
  const names = (await readdir(SOURCES_DIRECTORY, { recursive: true })).sort();
  const parts: string[] = [];
  for (const name of names) {
    const path = join(SOURCES_DIRECTORY, name);
    if ((await stat(path)).isFile()) parts.push(name, await readFile(path, 'utf8'));
  }
  return parts.join('\0');
}
