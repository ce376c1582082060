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
 * Takes over a host: what `spare failover` and the watch call.
 * @throws SpareError `refused` where the evidence does not allow it, `precondition`, or as `runOperation` does.
 */
export async function failover(
  hostName: string,
  options: FailoverOptions,
  run: RunOptions = {},
): Promise<OperationReport> {
  return runOperation(await planFailover(volumeContext(hostName, run.clock), options), run);
}

/** Looks at what is known, refuses what cannot be right, and makes the steps. Changes nothing. */
export async function planFailover(context: VolumeContext, options: FailoverOptions): Promise<Operation> {
  const { host, volume, standbyMachine: machine, clock } = context;
  const recorded = readState(host.name);
  if (recorded?.state === 'taken-over') {
    throw new SpareError(
      'precondition',
      'ALREADY_TAKEN_OVER',
      `Cannot take over ${host.name} as the standby serves it since ${recorded.since}`,
      {
        hint: `When its machine is repaired: spare failback ${host.name}`,
      },
    );
  }
  // A decision was made before: the leg may have been written to since, and taking back would hand the old state to the primary.
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
      title: `Record that ${host.name} is being taken over`,
      event: 'failover-started',
      to: 'failing-over',
      async undo() {
        enter(host.name, 'failover-rolled-back', context.clock);
      },
    }),
    host.fenceCommand && !options.confirmedOff
      ? step({
          name: 'fence-machine',
          title: `Turn the machine of ${host.name} off`,
          commandLines: [fenceCommandLine(host.fenceCommand, host.name, 'off')],
          async run() {
            await fenceOff(host.fenceCommand as string, host.name);
            offAt_ms = clock.bootTime_ms();
          },
        })
      : step({
          name: 'address-unused',
          title: `See that nobody answers at ${serviceAddress(host)}: the machine of ${host.name} is said to be off`,
          commandLines: [quoteForShell(addressUnused)],
          async run() {
            await machine.exec(addressUnused).catch((cause) => {
              throw new SpareError(
                'refused',
                'ADDRESS_ANSWERS',
                `Cannot take over ${host.name} as a machine still answers at ${serviceAddress(host)}`,
                {
                  hint: `Turn ${host.name} off, then try again`,
                  cause,
                },
              );
            });
            offAt_ms = clock.bootTime_ms();
          },
        }),
    step({
      name: 'fence-lun',
      title: `Refuse mirror writes of ${host.name} from now on`,
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
        // Where the leg lost writes before an earlier takeover, the primary's own disk differs still.
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
      title: `Attach the standby leg of ${host.name}, with every mirror write on the disk`,
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

/** Not out of a failback: the standby leg may be the only whole one then. */
function canBeRolledBack(origin: HostStateName | undefined): boolean {
  return transitionOf('failing-over', 'failover-rolled-back', origin) !== undefined;
}
