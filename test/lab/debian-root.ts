import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

export const SUITE = 'bookworm';
export const KERNEL_PACKAGE = 'linux-image-cloud-amd64';
/** Everything that is in a lab machine. Node comes with spare itself, on the standby's second disk. */
export const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'udev', 'dbus', 'openssh-server', 'iproute2', 'iputils-arping', 'iputils-ping'],
  ...['open-iscsi', 'mdadm', 'nfs-kernel-server', 'nfs-common', 'e2fsprogs', 'util-linux', 'kmod', 'procps'],
  ...['busybox-static', 'nftables', 'libatomic1', 'python3-minimal', 'strace', 'psmisc', 'less', 'tcpdump', 'lsof'],
  // What the kernel's initiator is tried with.
  ...['fio', 'sg3-utils'],
];
const BUILD_TIMEOUT_MS = 900_000;

/** `<directory>/root`: Debian, with a kernel that is unpacked, not installed: no boot loader, no initramfs-tools. */
export async function installDebian(directory: string): Promise<void> {
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
      ...[`--customize-hook=${unpackKernel}`, SUITE, root, ...(await ownSources())],
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

/** This machine's own sources where it runs the same Debian, since they are known to be reachable; otherwise mmdebstrap knows some. */
async function ownSources(): Promise<string[]> {
  for (const file of ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list']) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (new RegExp(`^[^#]*\\b${SUITE}\\b`, 'm').test(text)) return [file];
  }
  return [];
}
