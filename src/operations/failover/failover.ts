import type { HostStateName } from '../../hosts/host-record.ts';
import { enter, readState } from '../../hosts/host-state.ts';
import { statesBefore, transitionOf } from '../../hosts/state-table.ts';
import { noteLunServed } from '../../hosts/takeover-decision.ts';
import { quoteForShell } from '../../machine/quote.ts';
import { attachLoopArgv, syncDataArgv } from '../../mirror/loop.ts';
import { attachLeg, detachLeg } from '../../mirror/standby-leg.ts';
import { SpareError } from '../../std/errors.ts';
import { type VolumeContext, volumeContext } from '../../steps/operation-context.ts';
import type { OperationReport } from '../../steps/operation-report.ts';
import { type Operation, type RunOptions, runOperation } from '../../steps/runner.ts';
import { stateStep } from '../../steps/state-step.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { bringUpSteps } from '../bring-up.ts';
import { decideStep } from './decide-step.ts';
import { gatherFacts, isDecided } from './failover-facts.ts';
import type { FailoverOptions } from './failover-options.ts';
import { fenceSteps, type PowerOff } from './fence-steps.ts';
import { refuseWithoutPrerequisites } from './refusals.ts';

/**
 * Fails a host over: called by `spare failover` and by the watch.
 * @throws SpareError `refused` if the evidence does not allow it, `precondition`, or like `runOperation`.
 */
export async function failover(hostName: string, options: FailoverOptions, run: RunOptions): Promise<OperationReport> {
  return runOperation(await planFailover(volumeContext(hostName, run.clock), options), run);
}

/** Gathers the facts, refuses invalid requests, and makes the steps. Changes nothing. */
export async function planFailover(context: VolumeContext, options: FailoverOptions): Promise<Operation> {
  const { host } = context;
  const recorded = readState(host.name);
  if (recorded?.state === 'taken-over') {
    throw new SpareError(
      'precondition',
      'ALREADY_TAKEN_OVER',
      `Cannot fail over ${host.name}: the standby has served it since ${recorded.since}`,
      {
        hint: `When the primary is repaired, run: spare failback ${host.name}`,
      },
    );
  }
  const facts = await gatherFacts(context);
  if (!isDecided(facts)) refuseWithoutPrerequisites(context, facts, options);
  // With an earlier decision, the leg may have been written to since. A rollback would return the host to the primary's stale leg.
  const resumed = facts.decision !== undefined;
  const state = recorded?.state ?? 'enrolled';
  const onlyForward = resumed || !canBeRolledBack(state === 'failing-over' ? recorded?.before : state);
  const startsIn: HostStateName[] = onlyForward
    ? [state]
    : [...statesBefore('failover-started').filter(canBeRolledBack), 'failing-over'];
  return {
    name: 'failover',
    host: host.name,
    startsIn,
    steps: stepsOf(context, options, resumed),
    onlyForward,
    urgent: true,
  };
}

function stepsOf(context: VolumeContext, options: FailoverOptions, resumed: boolean): Step[] {
  const { host } = context;
  const powerOff: PowerOff = {};
  return [
    stateStep(context, {
      name: 'begin',
      title: `Record that the failover of ${host.name} has started`,
      event: 'failover-started',
      to: 'failing-over',
      async undo() {
        enter(host.name, 'failover-rolled-back', context.clock);
      },
    }),
    ...fenceSteps(context, options, powerOff),
    decideStep(context, options, powerOff),
    attachStep(context),
    ...bringUpSteps(context, { mayBeMounted: resumed }),
    stateStep(context, {
      name: 'end',
      title: `Record that the standby serves ${host.name}`,
      event: 'service-observed',
      to: 'taken-over',
    }),
  ];
}

function attachStep(context: VolumeContext): Step {
  const { host, volume, standbyMachine } = context;
  return stepOn(standbyMachine)({
    name: 'attach',
    title: `Flush all mirror writes and attach the standby leg of ${host.name}`,
    commandLines: [syncDataArgv(volume.standbyLeg.path), attachLoopArgv(volume.standbyLeg.path)].map(quoteForShell),
    async run() {
      await attachLeg(context);
      noteLunServed(host.name, volume.name, false);
    },
    undo: () => detachLeg(context),
  });
}

/** Not during a failback: the standby leg may be the only complete copy then. */
function canBeRolledBack(origin: HostStateName | undefined): boolean {
  return transitionOf('failing-over', 'failover-rolled-back', origin) !== undefined;
}
