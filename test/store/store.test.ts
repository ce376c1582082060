import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { openFileStore } from '../../src/store/open-file-store.ts';
import { CONTRACT_SIZE_BYTES, type OpenStore, storeContract } from './store-contract.ts';

function inDirectory(open: (directory: string) => ReturnType<OpenStore>['store'], dispose?: () => void): OpenStore {
  return () => {
    const directory = fs.mkdtempSync(join(tmpdir(), 'spare-store-'));
    return {
      store: open(directory),
      dispose: () => {
        dispose?.();
        fs.rmSync(directory, { recursive: true });
      },
    };
  };
}

storeContract('memory, thin', () => ({
  store: new MemoryStore({ size_bytes: CONTRACT_SIZE_BYTES }),
  dispose: () => {},
}));

storeContract('memory, thick', () => ({
  store: new MemoryStore({ size_bytes: CONTRACT_SIZE_BYTES, thin: false }),
  dispose: () => {},
}));

storeContract(
  'file',
  inDirectory((directory) => openFileStore({ path: join(directory, 'disk.img'), create_bytes: CONTRACT_SIZE_BYTES })),
);

storeContract(
  'file without node:ffi',
  inDirectory((directory) =>
    openFileStore({ path: join(directory, 'disk.img'), create_bytes: CONTRACT_SIZE_BYTES, libc: undefined }),
  ),
);

/** A loop device, where this machine lets us make one. */
function attachLoopDevice(path: string): string | undefined {
  try {
    return execFileSync('losetup', ['--find', '--show', path], {
      encoding: 'utf8',
      stdio: 'pipe',
      timeout: 10_000,
    }).trim();
  } catch {
    return undefined;
  }
}

const probeDirectory = fs.mkdtempSync(join(tmpdir(), 'spare-store-'));
const backing = join(probeDirectory, 'backing.img');
fs.writeFileSync(backing, '');
fs.truncateSync(backing, CONTRACT_SIZE_BYTES);
const probe = attachLoopDevice(backing);
if (probe === undefined) {
  console.log('SKIPPED: store contract: block device (no loop device can be attached here)');
} else {
  execFileSync('losetup', ['--detach', probe], { timeout: 10_000 });
  let device = '';
  storeContract(
    'block device',
    inDirectory(
      (directory) => {
        const path = join(directory, 'backing.img');
        fs.copyFileSync(backing, path);
        device = attachLoopDevice(path) ?? '';
        return openFileStore({ path: device });
      },
      () => execFileSync('losetup', ['--detach', device], { timeout: 10_000 }),
    ),
  );
}
process.on('exit', () => fs.rmSync(probeDirectory, { recursive: true }));
