import { readState } from '../../hosts/host-state.ts';
import { quoteForShell } from '../../machine/quote.ts';
import { isLegFree } from '../../mirror/standby-leg.ts';
import { SpareError } from '../../std/errors.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import type { Operation } from '../../steps/runner.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { hostTargetStatus } from '../../target/client/target-control.ts';
import { giveVolumeBack, leaveFailover, releaseLeg, serveLunAgain } from '../give-back.ts';
import { ownershipOf } from '../ownership.ts';

/**
 * Rolls back a failover that did not finish, from what is found: nothing need be known of how far it got.
 * @throws SpareError `precondition` if no failover is unfinished, `refused` if the standby may have written to the volume.
 */
export async function planAbort(context: VolumeContext): Promise<Operation> {
  const { name: host } = context.host;
  const state = readState(host)?.state;
  if (state !== 'failing-over') {
    throw new SpareError(
      'precondition',
      'NOT_FAILING_OVER',
      `Cannot abort the failover of ${host}: it is ${state ?? 'unknown'}, not failing-over`,
      { hint: `To see its state, run: spare status ${host}` },
    );
  }
  const { owner, written, at } = await ownershipOf(context);
  if (owner === 'standby' && written) {
    throw new SpareError(
      'refused',
      'ALREADY_WRITTEN',
      `Cannot abort the failover of ${host}: the standby may have written to the volume since ${at}, so the local leg is stale`,
      { hint: `To finish the failover, run: spare failover ${host}` },
    );
  }
  return {
    name: 'abort',
    host,
    startsIn: ['failing-over'],
    again: `run 'spare failover ${host} --abort' again`,
    steps: abortSteps(context),
    onlyForward: true,
  };
}

function abortSteps(context: VolumeContext): Step[] {
  const { host, volume, standbyMachine } = context;
  const { name } = host;
  const step = stepOn(standbyMachine);
  return [
    step({
      name: 'release-leg',
      title: 'Stop the array on the standby and detach the standby leg',
      commandLines: [
        quoteForShell(['mdadm', '--stop', volume.device]),
        `losetup --detach (of ${volume.standbyLeg.path})`,
      ],
      check: () => isLegFree(context),
      run: () => releaseLeg(context),
    }),
    step({
      name: 'give-back',
      title: `Give the volume ${volume.name} of ${name} back in its ownership record`,
      commandLines: ['(ownership record: takeover-rolled-back)'],
      check: async () => (await ownershipOf(context)).owner !== 'standby',
      run: () => giveVolumeBack(context),
    }),
    step({
      name: 'unfence-lun',
      title: `Serve the LUN to ${name} again`,
      commandLines: [`(control socket: unfence ${name})`],
      check: async () => !(await hostTargetStatus(name)).fenced,
      run: () => serveLunAgain(context),
    }),
    step({
      name: 'end',
      title: `Record that the failover of ${name} was rolled back`,
      commandLines: ['(state: as before)'],
      run: () => leaveFailover(context),
    }),
  ];
}
