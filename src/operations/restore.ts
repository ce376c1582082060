import type { VolumeContext } from '../steps/operation-context.ts';
import type { Operation } from '../steps/runner.ts';
import { fenceTarget } from '../target/client/target-control.ts';
import { bringUpSteps } from './bring-up.ts';

/**
 * Restarts the service of a host that is taken over, for example after a restart of the standby.
 * It makes no new decision and rolls nothing back: since the failover the standby leg is the newer one.
 */
export function planRestore(context: VolumeContext): Operation {
  const { host, standbyMachine: machine } = context;
  const steps = [
    {
      name: 'fence-lun',
      machine,
      title: `Fence the LUN of ${host.name}: refuse its mirror writes`,
      commandLines: [`(control socket: fence ${host.name})`],
      run: () => fenceTarget(host.name),
    },
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
