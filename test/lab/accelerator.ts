import { constants } from 'node:fs';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Image } from './image.ts';
import type { LabSettings } from './settings.ts';

export type Accelerator = 'kvm' | 'tcg';

const PROBE_TIMEOUT_MS = 10_000;

/** QEMU's arguments for each. Under TCG an old CPU is the cheapest to emulate: `max` is a good deal slower. */
export const ACCELERATOR_ARGUMENTS: Readonly<Record<Accelerator, readonly string[]>> = {
  kvm: ['-accel', 'kvm', '-cpu', 'host'],
  tcg: ['-accel', 'tcg,thread=multi,tb-size=128', '-cpu', 'Nehalem'],
};

/**
 * KVM where it really runs a guest, software emulation elsewhere. `/dev/kvm` may be there and openable and still hang the
 * first guest, so a kernel is booted to see; the answer is kept until this machine restarts.
 * `SPARE_LAB_ACCELERATOR` settles it without a look.
 */
export async function chooseAccelerator(settings: LabSettings, image: Image): Promise<Accelerator> {
  const wanted = process.env.SPARE_LAB_ACCELERATOR;
  if (wanted === 'kvm' || wanted === 'tcg') return wanted;
  const usable = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!usable) return 'tcg';
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const answerFile = join(settings.cacheDirectory, `accelerator-${boot}`);
  const known = await readFile(answerFile, 'utf8').catch(() => undefined);
  if (known === 'kvm' || known === 'tcg') return known;
  const answer = (await kvmRunsGuest(image)) ? 'kvm' : 'tcg';
  await writeFile(answerFile, answer);
  return answer;
}

async function kvmRunsGuest(image: Image): Promise<boolean> {
  const { stdout } = await execa(
    'qemu-system-x86_64',
    [
      ...['-M', 'q35', ...ACCELERATOR_ARGUMENTS.kvm, '-m', '128', '-nodefaults', '-no-user-config', '-display', 'none'],
      ...['-serial', 'stdio', '-no-reboot', '-kernel', image.kernel, '-initrd', image.initrd],
      ...['-append', 'console=ttyS0 quiet panic=1 lab.probe'],
    ],
    { timeout: PROBE_TIMEOUT_MS, forceKillAfterDelay: 1000, reject: false, stdin: 'ignore' },
  );
  return stdout.includes('lab: guest runs');
}
