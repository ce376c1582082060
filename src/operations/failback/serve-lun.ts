import { noteLunServed, readTakeoverDecision } from '../../hosts/takeover-decision.ts';
import { refuseLossOfOnlyLeg } from '../../mirror/lost-writes.ts';
import { assertLegIsFree } from '../../mirror/standby-leg.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { acceptTarget, fenceTarget, unfenceTarget, volumeTargetStatus } from '../../target/client/target-control.ts';
import type { FailbackContext } from './failback-context.ts';

/** From here on the primary may write to the leg. */
export function serveLunStep(context: FailbackContext): Step {
  const { host, volume, standbyMachine } = context;
  return stepOn(standbyMachine)({
    name: 'unfence-lun',
    title: `Serve the LUN to ${host.name} again, after checking that nothing here uses it`,
    commandLines: [
      `losetup --associated ${volume.standbyLeg.path}`,
      `(control socket: accept ${host.name}, unfence ${host.name})`,
    ],
    async check() {
      const { fenced, lost } = await volumeTargetStatus(host.name, volume.name);
      return !fenced && lost.length === 0;
    },
    async run() {
      await refuseLossSinceServed(context);
      await assertLegIsFree(context);
      // The decision covers the writes lost before the failover: the standby has served without them since.
      await acceptTarget(host.name, volume.name);
      noteLunServed(host.name, volume.name, true);
      await unfenceTarget(host.name);
    },
    async undo() {
      await fenceTarget(host.name);
      // The primary may have written to the leg by now. If such writes were lost, the leg must not go into service.
      await refuseLossSinceServed(context);
    },
  });
}

/** @throws SpareError `refused` if the leg has lost writes that it received since the LUN was served to the primary again */
export async function refuseLossSinceServed({ host: { name: host }, volume }: VolumeContext): Promise<void> {
  const target = await volumeTargetStatus(host, volume.name);
  const isServedSince = readTakeoverDecision(host, volume.name)?.lunServedSince === true || !target.fenced;
  if (isServedSince) refuseLossOfOnlyLeg(host, target.lost);
}
