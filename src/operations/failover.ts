import { fenceCommandLine, fenceOff } from '../fence/fence-command.ts';
import type { HostStateName } from '../hosts/host-record.ts';
import { enter, readState } from '../hosts/host-state.ts';
import { statesBefore, transitionOf } from '../hosts/state-table.ts';
import {
  forgetTakeoverDecision,
  noteLunServed,
  readTakeoverDecision,
  recordTakeoverDecision,
} from '../hosts/takeover-decision.ts';
import { quoteForShell } from '../machine/quote.ts';
import { decideEvidence } from '../mirror/leg-currency.ts';
import { attachLoopArgv, syncDataArgv } from '../mirror/loop.ts';
import { joinRanges, undecidedLoss } from '../mirror/lost-writes.ts';
import { readStandbySuperblock } from '../mirror/md/superblock.ts';
import { attachLeg, detachLeg } from '../mirror/standby-leg.ts';
import { addressUnusedArgv } from '../service/address.ts';
import { serviceAddress } from '../service/observe-service.ts';
import { SpareError } from '../std/errors.ts';
import { type VolumeContext, volumeContext } from '../steps/operation-context.ts';
import type { OperationReport } from '../steps/operation-report.ts';
import { type Operation, type RunOptions, runOperation } from '../steps/runner.ts';
import { stateStep } from '../steps/state-step.ts';
import { type Step, stepOn } from '../steps/step.ts';
import { fenceTarget, hostTargetStatus, unfenceTarget } from '../target/client/target-control.ts';
import { bringUpSteps } from './bring-up.ts';
import type { FailoverOptions } from './failover-options.ts';
import { evidenceFacts, refuseUnproven, refuseWithoutPrerequisites } from './takeover-evidence.ts';

/**
 * Fails a host over: called by `spare failover` and by the watch.
 * @throws SpareError `refused` if the evidence does not allow it, `precondition`, or like `runOperation`.
 */
export async function failover(
  hostName: string,
  options: FailoverOptions,
  run: RunOptions = {},
): Promise<OperationReport> {
  return runOperation(await planFailover(volumeContext(hostName, run.clock), options), run);
}

/** Gathers the facts, refuses invalid requests, and makes the steps. Changes nothing. */
export async function planFailover(context: VolumeContext, options: FailoverOptions): Promise<Operation> {
  const { host, volume, standbyMachine: machine, clock } = context;
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
  // With an earlier decision, the leg may have been written to since. A rollback would return the host to the primary's stale leg.
  const resumed = readTakeoverDecision(host.name) !== undefined;
  const isDecided = async () => {
    const decision = readTakeoverDecision(host.name);
    return decision !== undefined && undecidedLoss(decision, await hostTargetStatus(host.name)).length === 0;
  };
  if (!(await isDecided())) await refuseWithoutPrerequisites(context, options);
  const state = recorded?.state ?? 'enrolled';
  const onlyForward = resumed || !canBeRolledBack(state === 'failing-over' ? recorded?.before : state);
  let offAt_ms: number | undefined;

  const addressUnused = addressUnusedArgv(context.standby.networkInterface, serviceAddress(host));
  const step = stepOn(machine);

  const steps: Step[] = [
    stateStep(context, {
      name: 'begin',
      title: `Record that the failover of ${host.name} has started`,
      event: 'failover-started',
      to: 'failing-over',
      async undo() {
        enter(host.name, 'failover-rolled-back', context.clock);
      },
    }),
    host.fenceCommand && !options.confirmedOff
      ? step({
          name: 'fence-machine',
          title: `Switch the machine of ${host.name} off`,
          commandLines: [fenceCommandLine(host.fenceCommand, host.name, 'off')],
          async run() {
            await fenceOff(host.fenceCommand as string, host.name);
            offAt_ms = clock.bootTime_ms();
          },
        })
      : step({
          name: 'address-unused',
          title: `Check that nothing answers at ${serviceAddress(host)} (--confirmed-off: ${host.name} should be off)`,
          commandLines: [quoteForShell(addressUnused)],
          async run() {
            await machine.exec(addressUnused).catch((cause) => {
              throw new SpareError(
                'refused',
                'ADDRESS_ANSWERS',
                `Cannot fail over ${host.name}: a machine still answers at ${serviceAddress(host)}`,
                {
                  hint: `Switch ${host.name} off, then run the command again`,
                  cause,
                },
              );
            });
            offAt_ms = clock.bootTime_ms();
          },
        }),
    step({
      name: 'fence-lun',
      title: `Fence the LUN of ${host.name}: refuse its mirror writes`,
      commandLines: [`(control socket: fence ${host.name})`],
      run: () => fenceTarget(host.name),
      undo: () => unfenceTarget(host.name),
    }),
    step({
      name: 'evidence',
      title: 'Decide whether the standby leg holds every acknowledged write',
      commandLines: [`(read the superblock of ${volume.standbyLeg.path}, the last report and the target's record)`],
      check: isDecided,
      async run(report) {
        const leg = await readStandbySuperblock(machine, volume.standbyLeg.path);
        const facts = { ...(await evidenceFacts(context, offAt_ms)), leg };
        const evidence = decideEvidence(facts);
        refuseUnproven(host.name, evidence, options, host.fenceCommand !== undefined && !options.confirmedOff);
        report({ detail: evidence.reasons.join('; ') });
        // If the leg had lost writes before an earlier failover, the primary's own disk still differs there.
        const lost = joinRanges([...(readTakeoverDecision(host.name)?.lost ?? []), ...facts.lost]);
        recordTakeoverDecision(host.name, {
          decidedAt: clock.wallTime().toISOString(),
          evidence,
          dataLossAllowed: options.allowDataLoss,
          ...(lost.length > 0 && { lost }),
        });
      },
      async undo() {
        forgetTakeoverDecision(host.name);
      },
    }),
    step({
      name: 'attach',
      title: `Flush all mirror writes and attach the standby leg of ${host.name}`,
      commandLines: [syncDataArgv(volume.standbyLeg.path), attachLoopArgv(volume.standbyLeg.path)].map(quoteForShell),
      async run() {
        await attachLeg(context);
        noteLunServed(host.name, false);
      },
      undo: () => detachLeg(context),
    }),
    ...bringUpSteps(context, { mayBeMounted: resumed }),
    stateStep(context, {
      name: 'end',
      title: `Record that the standby serves ${host.name}`,
      event: 'service-observed',
      to: 'taken-over',
    }),
  ];
  const startsIn: HostStateName[] = onlyForward
    ? [state]
    : [...statesBefore('failover-started').filter(canBeRolledBack), 'failing-over'];
  return { name: 'failover', host: host.name, startsIn, steps, onlyForward };
}

/** Not during a failback: the standby leg may be the only complete copy then. */
function canBeRolledBack(origin: HostStateName | undefined): boolean {
  return transitionOf('failing-over', 'failover-rolled-back', origin) !== undefined;
}
