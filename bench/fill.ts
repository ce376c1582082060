import { execa } from 'execa';
import { CLIENT_GRACE_S } from './clients/client.ts';
import type { ServedHost, Target } from './targets/target.ts';

const MIB = 1024 * 1024;
/** MD merges its first copy: in the lab 267 MB came in 384 writes, the file system's own among them. */
const FIRST_COPY_BYTES = MIB;
/** Far below what any disk does. */
const LEAST_MIB_PER_S = 20;

/**
 * Writes each file from end to end through the target that serves it, as the first copy of a mirror does: no read meets a hole, and all of it is in the
 * page cache, in the way in which this target puts it there.
 * @param write_bytes Of each write.
 */
export async function fill(target: Target, write_bytes = FIRST_COPY_BYTES): Promise<void> {
  for (const host of target.hosts) await fillHost(target, host, write_bytes);
}

async function fillHost(
  { host, port }: Target,
  { iqn, initiatorName, chap, size_bytes }: ServedHost,
  write_bytes: number,
): Promise<void> {
  const count = size_bytes / write_bytes;
  const options = {
    driver: 'raw',
    'file.driver': 'iscsi',
    'file.transport': 'tcp',
    'file.portal': `${host}:${port}`,
    'file.target': iqn,
    'file.lun': '1',
    'file.initiator-name': initiatorName,
    // Drawn for this run: anybody may see it among the arguments.
    ...(chap && { 'file.user': chap.user, 'file.password': chap.secret }),
  };
  const image = Object.entries(options).map(([key, value]) => `${key}=${value}`);
  const load = ['-w', '-t', 'none', '--pattern=165', '-c', String(count), '-d', '8', '-s', String(write_bytes)];
  await execa('qemu-img', ['bench', ...load, '--image-opts', image.join(',')], {
    timeout: (size_bytes / MIB / LEAST_MIB_PER_S + CLIENT_GRACE_S) * 1000,
    killSignal: 'SIGKILL',
    stdin: 'ignore',
  });
}
