import type { VolumeContext } from '../steps/operation-context.ts';
import type { Operation } from '../steps/runner.ts';
import { fenceTarget } from '../target/client/target-control.ts';
import { bringUpSteps } from './bring-up.ts';

/**
 * Brings the service of a host that is taken over up again, after the standby has been restarted, say.
 * Nothing is decided anew and nothing is ever taken back: the standby leg is the newer one since the takeover.
 */
export function planRestore(context: VolumeContext): Operation {
  const { host, standbyMachine: machine } = context;
  const steps = [
    {
      name: 'fence-lun',
      machine,
      title: `Refuse mirror writes of ${host.name}`,
      commandLines: [`(control socket: fence ${host.name})`],
      run: () => fenceTarget(host.name),
    },
    ...bringUpSteps(context, { mayBeMounted: true }),
  ];
  return {
    name: 'restore',
    host: host.name,
    startsIn: ['taken-over'],
    again: 'wait for the watch, which tries again by itself',
    steps,
    onlyForward: true,
  };
}
