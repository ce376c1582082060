import type { Machine } from '../machine/machine.ts';
import { SpareError } from '../std/errors.ts';
import type { VolumeContext } from '../steps/operation-context.ts';
import { associatedLoops, attachLoop, detachLoops, syncData } from './loop.ts';
import { assembleArgv } from './md/commands.ts';
import { mirrorStatus } from './md/status.ts';

const LINK_POLL_ms = 50;

/**
 * Makes the standby leg a block device of the standby, and returns its path. A disk of the pool is one already.
 *
 * The target's process may have been killed while mirror writes were only in the page cache. The array counts them as written, and
 * its bitmap here does not mark them: they are flushed before the leg is used.
 */
export async function attachLeg({ volume, standbyMachine }: VolumeContext): Promise<string> {
  const { path } = volume.standbyLeg;
  if (!(await standbyMachine.isBlockDevice(path))) return attachLoop(standbyMachine, path);
  await syncData(standbyMachine, path);
  return path;
}

export async function detachLeg({ volume, standbyMachine }: VolumeContext): Promise<void> {
  await detachLoops(standbyMachine, volume.standbyLeg.path);
}

/**
 * Makes sure that nothing on the standby uses the leg before its LUN is served again: two writers would destroy it.
 * @throws SpareError `refused`
 */
export async function assertLegIsFree(context: VolumeContext): Promise<void> {
  const { host, volume } = context;
  const holder = await holderOfLeg(context);
  if (holder === undefined) return;
  throw new SpareError(
    'refused',
    'LEG_IN_USE',
    `Cannot serve the LUN of ${host.name}: the standby still uses ${volume.standbyLeg.path} (${holder})`,
    {
      hint: `To find what uses it, run: lsblk. Release it, then run the command again`,
    },
  );
}

/** Whether nothing on the standby uses the leg. */
export async function isLegFree(context: VolumeContext): Promise<boolean> {
  return (await holderOfLeg(context)) === undefined;
}

async function holderOfLeg({ volume, standbyMachine }: VolumeContext): Promise<string | undefined> {
  if (await standbyMachine.arrayState(volume.device)) return `the array ${volume.device}`;
  const loops = await associatedLoops(standbyMachine, volume.standbyLeg.path);
  return loops.length === 0 ? undefined : loops.join(', ');
}

/** Starts the array on the standby from the standby leg alone, degraded, with its bitmap, which marks everything written from now on. */
export async function assembleOnStandby(context: VolumeContext): Promise<void> {
  const { volume, standbyMachine } = context;
  const { device, mirrorUuid } = volume;
  if (await standbyMachine.arrayState(device)) return;
  const leg = await attachLeg(context);
  const assembled = standbyMachine.exec(assembleArgv(device, mirrorUuid, leg, { readonly: true }));
  await linkMeanwhile(context, leg, assembled);
}

/**
 * mdadm waits up to 4.6 s for the link in /dev/md, which udev creates after probing the new devices: on a busy machine this would
 * cost a failover seconds. So spare creates the link first.
 */
async function linkMeanwhile(
  { volume, standbyMachine, clock }: VolumeContext,
  leg: string,
  assembled: Promise<unknown>,
) {
  let ended = false;
  const end = assembled.finally(() => {
    ended = true;
  });
  end.catch(() => {});
  while (!ended && !(await standbyMachine.linkMirrorSet(volume.device, leg))) {
    await Promise.race([end.catch(() => {}), clock.sleep(LINK_POLL_ms)]);
  }
  await end;
}

export async function stopMirrorOnStandby({ volume, standbyMachine }: VolumeContext): Promise<void> {
  const { device } = volume;
  if (await standbyMachine.arrayState(device)) await standbyMachine.exec(['mdadm', '--stop', device]);
}

/** Stops the array of a primary, if it is running. */
export async function stopMirror(machine: Machine, device: string): Promise<void> {
  if (await mirrorStatus(machine, device)) await machine.exec(['mdadm', '--stop', device]);
}
