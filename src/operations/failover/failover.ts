import type { HostStateName } from '../../hosts/host-record.ts';
import { readState } from '../../hosts/host-state.ts';
import { statesBefore } from '../../hosts/state-table.ts';
import { quoteForShell } from '../../machine/quote.ts';
import { legDefects } from '../../mirror/leg-defects.ts';
import { attachLoopArgv, syncDataArgv } from '../../mirror/loop.ts';
import { readStandbySuperblock } from '../../mirror/md/superblock.ts';
import { attachLeg } from '../../mirror/standby-leg.ts';
import type { OwnershipRecord } from '../../ownership/record.ts';
import { SpareError } from '../../std/errors.ts';
import { type VolumeContext, volumeContext } from '../../steps/operation-context.ts';
import type { OperationReport } from '../../steps/operation-report.ts';
import { type Operation, type RunOptions, runOperation } from '../../steps/runner.ts';
import { stateStep } from '../../steps/state-step.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { bringUpSteps } from '../bring-up.ts';
import { leaveFailover } from '../give-back.ts';
import { assertStandbyOwns } from '../ownership.ts';
import { gatherFacts } from './failover-facts.ts';
import type { FailoverOptions } from './failover-options.ts';
import { fenceLunStep, machineOffStep, type PowerOff } from './fence-steps.ts';
import { refuseUnusable, refuseWithoutPrerequisites } from './refusals.ts';
import { takeOverStep } from './take-over-step.ts';

/**
 * Fails a host over: called by `spare failover` and by the watch.
 * @throws SpareError `refused` if the ownership record does not allow it, `precondition`, or like `runOperation`.
 */
export async function failover(hostName: string, options: FailoverOptions, run: RunOptions): Promise<OperationReport> {
  return runOperation(await planFailover(volumeContext(hostName, run.clock), options), run);
}

/** Gathers the facts, refuses invalid requests, and makes the steps. Changes nothing. */
export async function planFailover(context: VolumeContext, options: FailoverOptions): Promise<Operation> {
  const { name: host } = context.host;
  const recorded = readState(host);
  if (recorded?.state === 'taken-over') throw alreadyTakenOver(host, recorded.since);
  const facts = await gatherFacts(context);
  // Once it is taken over, the record says so: nothing is decided or fenced again.
  const isTaken = facts.record.owner === 'standby';
  if (!isTaken) refuseWithoutPrerequisites(context, facts, options);
  return {
    name: 'failover',
    host,
    startsIn: statesToStartIn(facts.record),
    steps: [beginStep(context), ...(isTaken ? [] : takingSteps(context, options)), ...servingSteps(context, isTaken)],
    onlyForward: isTaken,
    ...(!facts.record.written && { rollBack: `spare failover ${host} --abort` }),
    urgent: true,
  };
}

function statesToStartIn({ owner }: OwnershipRecord): HostStateName[] {
  const states: HostStateName[] = [...statesBefore('failover-started'), 'failing-over'];
  // Between planning and the lock, a failback may have begun: its primary must not be switched off without a decision of its own.
  return owner === 'standby' || owner === 'fill' ? states : states.filter((state) => state !== 'failing-back');
}

function beginStep(context: VolumeContext): Step {
  return stateStep(context, {
    name: 'begin',
    title: `Record that the failover of ${context.host.name} has started`,
    event: 'failover-started',
    to: 'failing-over',
    undo: () => leaveFailover(context),
  });
}

/** Until the record gives the volume to the standby: what fails before is rolled back, what fails later goes on from there. */
function takingSteps(context: VolumeContext, options: FailoverOptions): Step[] {
  const powerOff: PowerOff = {};
  return [
    machineOffStep(context, options, powerOff),
    fenceLunStep(context),
    checkLegStep(context),
    takeOverStep(context, options, powerOff),
  ];
}

/** All that follows, from the record. */
function servingSteps(context: VolumeContext, isResumed: boolean): Step[] {
  const { host } = context;
  return [
    // The primary may have been heard since, and a takeover that was killed may have left the LUN in any state.
    ...(isResumed ? [fenceLunStep(context)] : []),
    attachStep(context),
    ...bringUpSteps(context, { mayBeMounted: isResumed }),
    stateStep(context, {
      name: 'end',
      title: `Record that the standby serves ${host.name}`,
      event: 'service-observed',
      to: 'taken-over',
    }),
  ];
}

/** MD would start a leg of another array, and one that is a mixture of old and new blocks must never be served. */
function checkLegStep({ host, volume, standbyMachine }: VolumeContext): Step {
  const { path } = volume.standbyLeg;
  return stepOn(standbyMachine)({
    name: 'check-leg',
    title: `Check that the standby leg of ${host.name} is whole`,
    commandLines: [`(read the superblock of ${path})`],
    async run() {
      refuseUnusable(host.name, legDefects(await readStandbySuperblock(standbyMachine, path), volume.mirrorUuid));
    },
  });
}

function attachStep(context: VolumeContext): Step {
  const { host, volume, standbyMachine } = context;
  const { path } = volume.standbyLeg;
  return stepOn(standbyMachine)({
    name: 'attach',
    title: `Flush all mirror writes and attach the standby leg of ${host.name}`,
    commandLines: [syncDataArgv(path), attachLoopArgv(path)].map(quoteForShell),
    async run() {
      await assertStandbyOwns(context);
      await attachLeg(context);
    },
    // A rollback would give up the lease: the next run goes on from here, or `--abort` leads back.
    pointOfNoReturn: true,
  });
}

function alreadyTakenOver(host: string, since: string): SpareError {
  return new SpareError(
    'precondition',
    'ALREADY_TAKEN_OVER',
    `Cannot fail over ${host}: the standby has served it since ${since}`,
    { hint: `When the primary is repaired, run: spare failback ${host}` },
  );
}
