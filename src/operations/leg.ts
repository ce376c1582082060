import { attachLoop, detachLoops, loopsOf } from '../host/loop.ts';
import type { Machine } from '../host/machine.ts';
import { assembleArgv } from '../host/md/commands.ts';
import { mirrorStatus } from '../host/md/status.ts';
import { SpareError } from '../std/errors.ts';
import type { OperationContext } from './operation-context.ts';

/** A leg that is a file needs a loop device; one that is a disk of the pool does not. */
async function isBlockDevice(machine: Machine, path: string): Promise<boolean> {
  const { exitCode } = await machine.exec(['test', '-b', path], { acceptExitCodes: [1] });
  return exitCode === 0;
}

/** Makes the standby leg a block device of the standby, and answers its path. */
export async function attachLeg({ host, standbyMachine }: OperationContext): Promise<string> {
  const { path } = host.target;
  return (await isBlockDevice(standbyMachine, path)) ? path : attachLoop(standbyMachine, path);
}

export async function detachLeg({ host, standbyMachine }: OperationContext): Promise<void> {
  await detachLoops(standbyMachine, host.target.path);
}

/**
 * Makes sure that nothing on the standby holds the leg, before its LUN is served again: two writers would destroy it.
 * @throws SpareError `refused`
 */
export async function assertLegIsFree({ host, standbyMachine }: OperationContext): Promise<void> {
  const loops = await loopsOf(standbyMachine, host.target.path);
  const running = await mirrorStatus(standbyMachine, host.volume.device);
  if (loops.length === 0 && !running) return;
  const holder = running ? `the mirror set ${host.volume.device}` : loops.join(', ');
  throw new SpareError(
    'refused',
    'LEG_IN_USE',
    `Cannot serve the LUN of ${host.name} as the standby itself holds ${host.target.path}: ${holder}`,
    {
      hint: `Find what uses it: lsblk; then run 'spare failback ${host.name}' again`,
    },
  );
}

/** Starts the mirror set on the standby from the standby leg alone, degraded, with its bitmap: what is written from now on is known. */
export async function assembleOnStandby(context: OperationContext): Promise<void> {
  const { host, standbyMachine } = context;
  if (await mirrorStatus(standbyMachine, host.volume.device)) return;
  const leg = await attachLeg(context);
  await standbyMachine.exec(assembleArgv(host.volume.device, host.volume.mirrorUuid, leg, { readonly: true }));
}

/** Stops the mirror set, where it runs. */
export async function stopMirror(machine: Machine, device: string): Promise<void> {
  if (await mirrorStatus(machine, device)) await machine.exec(['mdadm', '--stop', device]);
}
