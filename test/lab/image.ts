import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { type LabSettings, MACHINES, SERVICE_ADDRESSES, shortHash } from './settings.ts';

/** What the machines boot from; read-only, shared by every machine of every lab. */
export interface Image {
  readonly root: string;
  readonly kernel: string;
  readonly initrd: string;
  /** The private key that this machine logs in to the lab's machines with. They do not have it. */
  readonly key: string;
}

const SUITE = 'bookworm';
const MIRROR = `deb http://deb.debian.org/debian ${SUITE} main`;
const KERNEL_PACKAGE = 'linux-image-cloud-amd64';
/** Everything that is in a lab machine. Node comes with spare itself, on the standby's second disk. */
const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'udev', 'dbus', 'openssh-server', 'iproute2', 'iputils-arping', 'iputils-ping'],
  ...['open-iscsi', 'mdadm', 'nfs-kernel-server', 'nfs-common', 'e2fsprogs', 'util-linux', 'kmod', 'procps'],
  ...['busybox-static', 'nftables', 'libatomic1', 'python3-minimal', 'strace', 'psmisc', 'less', 'tcpdump', 'lsof'],
  // What the kernel's initiator is tried with.
  ...['fio', 'sg3-utils'],
];
/** Modules that the initrd loads before there is a root to load others from. */
const BOOT_MODULES = ['virtio_pci', 'virtio_blk', 'virtio_net', 'virtio-rng'];
// Sparse: what is not written takes no space. Big enough for the standby's pool of two data disks many times over.
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
  const imageKey = shortHash([rootKey, ...BOOT_MODULES, ROOT_SIZE, ROOT_INODES, hostsFile(), await sourcesContent()]);
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

/** `<directory>/root`: Debian, with a kernel that is unpacked, not installed: no boot loader, no initramfs-tools. */
async function installDebian(directory: string): Promise<void> {
  const root = join(directory, 'root');
  const unpackKernel = [
    'set -e; export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"; cd "$1/var/cache/apt"',
    `kernel=$(apt-cache depends ${KERNEL_PACKAGE} | sed -n "s/.*Depends: \\(linux-image-[0-9].*\\)/\\1/p" | head -n 1)`,
    'apt-get download -o APT::Sandbox::User=root "$kernel"',
    'dpkg-deb -x "$kernel"_*.deb kernel',
    'cp kernel/boot/vmlinuz-* "$1/boot/vmlinuz"; mkdir -p "$1/usr/lib/modules"; cp -a kernel/lib/modules/. "$1/usr/lib/modules/"',
    'rm -rf kernel ./*.deb; chroot "$1" depmod "$(ls "$1/usr/lib/modules")"',
  ].join('\n');
  const trimmed = ['man', 'doc', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
  await execa(
    'mmdebstrap',
    [
      ...['--variant=minbase', '--mode=root', '--format=directory', `--include=${PACKAGES.join(',')}`],
      ...['--aptopt=Apt::Install-Recommends "false"', ...(await networkAptOptions()), ...trimmed],
      ...[`--customize-hook=${unpackKernel}`, SUITE, root, ...(await debianSources())],
    ],
    { timeout: BUILD_TIMEOUT_MS, stdin: 'ignore' },
  );
}

/** How this machine's own apt reaches its mirrors: proxies, certificates, clocks that are off. */
async function networkAptOptions(): Promise<string[]> {
  const { stdout } = await execa('apt-config', ['dump', '--format', '%f "%v";%n']);
  return stdout
    .split('\n')
    .filter((line) => /^Acquire::(Check-|Retries|Force|https?::|Proxy)/.test(line) && !line.endsWith(' "";'))
    .map((line) => `--aptopt=${line}`);
}

/** This machine's own sources where it runs the same Debian, since they are known to be reachable. */
async function debianSources(): Promise<string[]> {
  for (const file of ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list']) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (new RegExp(`^[^#]*\\b${SUITE}\\b`, 'm').test(text)) return [file];
  }
  return [MIRROR];
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
  await makeInitrd(directory, staging);
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

async function makeInitrd(directory: string, staging: string): Promise<void> {
  const tree = join(directory, 'initrd');
  for (const name of ['bin', 'proc', 'sys', 'dev', 'modules', 'new'])
    await mkdir(join(tree, name), { recursive: true });
  await copyFile(join(staging, 'bin/busybox'), join(tree, 'bin/busybox'));
  const files = await bootModules(staging);
  for (const file of files) await copyFile(join(staging, file), join(tree, 'modules', moduleName(file)));
  const init = await readFile(join(SOURCES_DIRECTORY, 'initrd-init.sh'), 'utf8');
  await writeFile(
    join(tree, 'init'),
    init.replace(/^(for module in )@MODULES@/m, `$1${files.map(moduleName).join(' ')}`),
  );
  await chmod(join(tree, 'init'), 0o755);
  const packed = 'set -e; find . | cpio -o -H newc --quiet | gzip -1 > ../initrd.gz';
  await execa('sh', ['-c', packed], { cwd: tree });
  await rm(tree, { recursive: true, force: true });
}

/** Module files below `staging`, each after those it depends on. */
async function bootModules(staging: string): Promise<string[]> {
  const [version] = await readdir(join(staging, 'usr/lib/modules'));
  if (version === undefined) throw new Error('Cannot make the initrd: the kernel package brought no modules');
  const ordered = new Set<string>();
  for (const name of BOOT_MODULES) {
    const { stdout } = await execa('chroot', [staging, 'modprobe', '-S', version, '--show-depends', name]);
    for (const line of stdout.split('\n'))
      if (line.startsWith('insmod ')) ordered.add(line.slice('insmod '.length).trim());
  }
  return [...ordered];
}

function moduleName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
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
