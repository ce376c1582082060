import type { VolumeContext } from '../steps/operation-context.ts';
import type { Operation } from '../steps/runner.ts';
import { stepOn } from '../steps/step.ts';
import { fenceTarget } from '../target/client/target-control.ts';
import { bringUpSteps } from './bring-up.ts';
import { assertStandbyOwns } from './ownership.ts';

/**
 * Restarts the service of a host that is taken over, for example after a restart of the standby.
 * It makes no new decision and rolls nothing back: since the failover the standby leg is the newer one.
 */
export function planRestore(context: VolumeContext): Operation {
  const { host, volume, standbyMachine: machine } = context;
  const step = stepOn(machine);
  const steps = [
    step({
      name: 'owner',
      title: `Check that the standby owns the volume ${volume.name} of ${host.name}`,
      commandLines: ['(read the ownership record)'],
      async run() {
        await assertStandbyOwns(context);
      },
    }),
    step({
      name: 'fence-lun',
      title: `Fence the LUN of ${host.name}: refuse its mirror writes`,
      commandLines: [`(control socket: fence ${host.name})`],
      run: () => fenceTarget(host.name),
    }),
    ...bringUpSteps(context, { mayBeMounted: true }),
  ];
  return {
    name: 'restore',
    host: host.name,
    startsIn: ['taken-over'],
    again: 'wait for the watch, which retries automatically',
    steps,
    onlyForward: true,
    urgent: true,
  };
}
