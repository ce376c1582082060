import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { execa } from 'execa';
import type { Image } from '../image.ts';
import { PROBE_ANSWER, PROBE_PARAMETER, PROBE_TIMEOUT_MS } from './probe.ts';
import { qemuEngine } from './qemu.ts';

const ACCELERATOR = ['-accel', 'kvm', '-cpu', 'host'];

/** The processor's own virtualisation. */
export const kvm = qemuEngine('kvm', ACCELERATOR);

/** `/dev/kvm` may be there and openable and still hang the first guest, so a kernel is booted to see. */
export async function kvmRunsGuest(image: Image): Promise<boolean> {
  const usable = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!usable) return false;
  const argv = [
    ...['-M', 'q35', ...ACCELERATOR, '-m', '128', '-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-serial', 'stdio', '-no-reboot', '-kernel', image.kernel, '-initrd', image.initrd],
    ...['-append', `console=ttyS0 quiet panic=1 ${PROBE_PARAMETER}`],
  ];
  const { stdout } = await execa('qemu-system-x86_64', argv, {
    timeout: PROBE_TIMEOUT_MS,
    forceKillAfterDelay: 1000,
    reject: false,
    stdin: 'ignore',
  });
  return stdout.includes(PROBE_ANSWER);
}
