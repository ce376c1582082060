import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** Modules that QEMU's machines need before there is a root to load others from. */
export const BOOT_MODULES = ['virtio_pci', 'virtio_blk', 'virtio_net', 'virtio-rng'];

/**
 * Makes `<directory>/initrd.gz` for the kernel of that version: busybox, `init` from `source`, and the modules.
 * @param root The root that it is for, as a folder.
 */
export async function makeInitrd(directory: string, root: string, version: string, source: string): Promise<void> {
  const tree = join(directory, 'initrd');
  for (const name of ['bin', 'proc', 'dev', 'modules', 'new']) await mkdir(join(tree, name), { recursive: true });
  await copyFile(join(root, 'bin/busybox'), join(tree, 'bin/busybox'));
  const files = await bootModules(root, version);
  for (const file of files) await copyFile(join(root, file), join(tree, 'modules', moduleName(file)));
  const init = await readFile(source, 'utf8');
  await writeFile(
    join(tree, 'init'),
    init.replace(/^(for module in )@MODULES@/m, `$1${files.map(moduleName).join(' ')}`),
  );
  await chmod(join(tree, 'init'), 0o755);
  const packed = 'set -e; find . | cpio -o -H newc --quiet | gzip -1 > ../initrd.gz';
  await execa('sh', ['-c', packed], { cwd: tree });
  await rm(tree, { recursive: true, force: true });
}

/** Module files below `root`, each after those it depends on. */
async function bootModules(root: string, version: string): Promise<string[]> {
  const ordered = new Set<string>();
  for (const name of BOOT_MODULES) {
    const { stdout } = await execa('chroot', [root, 'modprobe', '-S', version, '--show-depends', name]);
    for (const line of stdout.split('\n'))
      if (line.startsWith('insmod ')) ordered.add(line.slice('insmod '.length).trim());
  }
  return [...ordered];
}

function moduleName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}
