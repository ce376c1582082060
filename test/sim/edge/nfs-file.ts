import type { ReadNfsFileOptions } from '../../../src/service/nfs/nfs-file.ts';
import { answered } from '../world/process.ts';
import { theWorld } from './edge-world.ts';

/** Stands for `src/service/nfs/nfs-file.ts`: a read through the service address. */
export function readNfsFile({ address, path, timeout_ms }: ReadNfsFileOptions): Promise<Buffer> {
  return answered(() => theWorld().readNfs(address, path, timeout_ms));
}
