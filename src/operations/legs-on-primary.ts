import { standbyLegPath, waitForDeviceArgv } from '../host/initiator.ts';
import { type Bitmap, bitmapSetBitsLines, readBitmap } from '../host/md/bitmap.ts';
import { addArgv, reAddArgv } from '../host/md/commands.ts';
import type { LegStatus } from '../host/md/status.ts';
import { type LegSuperblock, readSuperblock } from '../host/md/superblock.ts';
import { SpareError } from '../std/errors.ts';
import { runningMirror } from './copy.ts';
import type { OperationContext } from './operation-context.ts';

/** The kernel name (`vdb`, `sda`) behind a path of the primary. */
export async function kernelNameOf({ primaryMachine }: OperationContext, path: string): Promise<string> {
  const { stdout } = await primaryMachine.exec(['readlink', '-f', path]);
  return stdout.trim().replace(/^.*\//, '');
}

export async function legOf(context: OperationContext, which: 'local' | 'standby'): Promise<LegStatus | undefined> {
  const { host, primaryMachine } = context;
  const status = await runningMirror(primaryMachine, host.volume.device);
  const localName = await kernelNameOf(context, host.volume.localLeg);
  // Not by the name of the iSCSI disk: after a dropped session the same LUN may come back under another name.
  return status.legs.find((leg) => (leg.name === localName) === (which === 'local'));
}

/** Reads go to the local leg, the standby leg is only written to; says so to a set that was assembled on the standby. */
export async function preferLocalReads(context: OperationContext): Promise<void> {
  const { host, primaryMachine } = context;
  const { kernelName } = await runningMirror(primaryMachine, host.volume.device);
  const leg = await legOf(context, 'standby');
  if (!leg) return;
  await setLegState(context, kernelName, leg.name, 'writemostly');
}

async function setLegState(
  { primaryMachine }: OperationContext,
  array: string,
  leg: string,
  state: string,
): Promise<void> {
  await primaryMachine.exec([
    'sh',
    '-c',
    'echo "$3" >"/sys/block/$1/md/dev-$2/state"',
    'set-leg-state',
    array,
    leg,
    state,
  ]);
}

/**
 * Takes the primary's own leg back into the set that runs from the standby leg alone.
 * What the primary wrote by itself before it died is marked in its own bitmap only: those blocks are marked in the running
 * set's bitmap first, so that they are overwritten too. A plain `--re-add` leaves them silently different (seen).
 * Where that bitmap cannot be trusted, everything is copied.
 */
export async function returnLocalLeg(context: OperationContext): Promise<'incremental' | 'full'> {
  const { host, primaryMachine } = context;
  const { device, localLeg } = host.volume;
  const bitmap = await divergentBlocks(context);
  if (bitmap) {
    const { kernelName } = await runningMirror(primaryMachine, device);
    await setBits(context, kernelName, bitmap.dirty);
    const { exitCode } = await primaryMachine.exec(reAddArgv(device, localLeg), { acceptExitCodes: [1] });
    if (exitCode === 0) {
      await assertLegAccepted(context, 'local');
      return 'incremental';
    }
  }
  await primaryMachine.exec(['mdadm', '--zero-superblock', localLeg]);
  await primaryMachine.exec(addArgv(device, localLeg, { writeMostly: false }));
  await assertLegAccepted(context, 'local');
  return 'full';
}

/** The local leg's own bitmap, where it belongs to this set and has the same grain. */
async function divergentBlocks(context: OperationContext): Promise<Bitmap | undefined> {
  const { host, standby, primaryMachine } = context;
  let local: LegSuperblock;
  try {
    local = await readSuperblock(primaryMachine, host.volume.localLeg);
  } catch (error) {
    // A new disk has no superblock: it gets a full copy. Anything else is not known to be harmless.
    if (error instanceof SpareError && error.code === 'NO_SUPERBLOCK') return undefined;
    throw error;
  }
  if (local.mirrorUuid !== host.volume.mirrorUuid) return undefined;
  const running = await readSuperblock(primaryMachine, standbyLegPath(host, standby));
  const localBitmap = await readBitmap(primaryMachine, host.volume.localLeg, local);
  const runningBitmap = await readBitmap(primaryMachine, standbyLegPath(host, standby), running);
  return localBitmap && localBitmap.chunk_bytes === runningBitmap?.chunk_bytes ? localBitmap : undefined;
}

async function setBits({ primaryMachine }: OperationContext, array: string, dirty: Bitmap['dirty']): Promise<void> {
  const lines = bitmapSetBitsLines(dirty);
  if (lines.length === 0) return;
  // A line a write: the kernel takes one page at a time.
  const script = 'while read -r line; do printf "%s\\n" "$line" >"/sys/block/$1/md/bitmap_set_bits" || exit 1; done';
  await primaryMachine.exec(['sh', '-c', script, 'set-bits', array], { input: `${lines.join('\n')}\n` });
}

/**
 * Adds the standby leg: it says of itself that it is being filled, until it is full.
 * `--add` may leave a leg faulty without a word from the kernel (where the bitmap is younger than the first write): its state is looked at.
 */
export async function addStandbyLeg(context: OperationContext): Promise<void> {
  const { host, standby, primaryMachine } = context;
  const path = standbyLegPath(host, standby);
  await primaryMachine.exec(waitForDeviceArgv(path));
  await primaryMachine.exec(addArgv(host.volume.device, path, { writeMostly: true }));
  await assertLegAccepted(context, 'standby');
}

/**
 * Puts a dropped standby leg back, copying what changed since: for the watch, when the session is there again.
 * @returns False where nothing is dropped.
 */
export async function remirror(context: OperationContext): Promise<boolean> {
  const { host, standby, primaryMachine } = context;
  const { device } = host.volume;
  const dropped = await legOf(context, 'standby');
  if (dropped && !dropped.state.includes('faulty')) return false;
  const path = standbyLegPath(host, standby);
  await primaryMachine.exec(waitForDeviceArgv(path));
  if (dropped) await primaryMachine.exec(['mdadm', device, '--remove', 'failed']);
  const { exitCode } = await primaryMachine.exec(reAddArgv(device, path), { acceptExitCodes: [1] });
  if (exitCode !== 0) {
    await primaryMachine.exec(['mdadm', '--zero-superblock', path]);
    await primaryMachine.exec(addArgv(device, path, { writeMostly: true }));
  }
  await assertLegAccepted(context, 'standby');
  await preferLocalReads(context);
  return true;
}

async function assertLegAccepted(context: OperationContext, which: 'local' | 'standby'): Promise<void> {
  const leg = await legOf(context, which);
  if (leg && !leg.state.includes('faulty')) return;
  throw new SpareError(
    'stepFailed',
    'LEG_REFUSED',
    `The kernel did not take the ${which} leg into ${context.host.volume.device}: it is ${leg?.state.join(',') ?? 'missing'}`,
    {
      hint: `See the kernel log on ${context.host.name}: journalctl -k`,
    },
  );
}
