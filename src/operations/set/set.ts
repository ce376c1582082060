import { unfinishedOperations } from '../../hosts/journal.ts';
import { quoteForShell } from '../../machine/quote.ts';
import { serviceStatus } from '../../service/service.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import type { Operation } from '../../steps/runner.ts';
import type { Step } from '../../steps/step.ts';
import { type HostSettings, settingsOf } from '../host-settings.ts';
import { configurationStep } from './configuration-step.ts';
import { AT_HOME, refuseUnlessAtHome } from './refusals.ts';
import { serviceSteps } from './service-steps.ts';
import type { SetContext } from './set-context.ts';
import {
  changed,
  isOfService,
  isOfStandbyOnly,
  reverted,
  type SettingChanges,
  setArgv,
  waiting,
} from './setting-changes.ts';
import { timeoutStep } from './timeout-step.ts';

export interface SetPlan {
  operation: Operation;
  before: HostSettings;
  after: HostSettings;
  /** What takes effect only when the NFS server starts next. */
  atNextStart: (keyof HostSettings)[];
}

/**
 * Checks all changes and makes the steps. Each step brings a machine to what is asked for, from wherever an earlier run was
 * killed, so the same command can be run again.
 * @throws SpareError `usage` for values that cannot be, `precondition`, or `unreachable` where the primary is needed.
 */
export async function planSet(context: VolumeContext, changes: SettingChanges): Promise<SetPlan> {
  const name = context.host.name;
  const before = settingsOf(context.host);
  const after = changed(before, changes);
  const known: SetContext = { ...context, changes, undoing: reverted(before, changes) };
  const common = { host: name, again: againText(setArgv(name, changes)) };
  if (isOfStandbyOnly(changes)) {
    const operation = { ...common, name: 'set-policy', steps: [configurationStep(known, { tellsTarget: false })] };
    return { operation, before, after, atNextStart: [] };
  }
  refuseUnlessAtHome(name, changes);
  const situation: Situation = {
    serves: await isServing(context),
    resumed: unfinishedOperations(name).length > 0,
    longer: after.replacementTimeout_s > before.replacementTimeout_s,
  };
  const steps = stepsOf(known, situation);
  return {
    operation: { ...common, name: 'set', startsIn: AT_HOME, steps, onlyForward: situation.resumed },
    before,
    after,
    atNextStart: waiting(changes, situation.serves),
  };
}

/** Whether the primary serves: its server is then told of new exports. */
async function isServing({ host, primaryMachine }: VolumeContext): Promise<boolean> {
  const { nfsThreads, address } = await serviceStatus(primaryMachine, host.name);
  return nfsThreads > 0 && address;
}

interface Situation {
  serves: boolean;
  /** An earlier run has left something half-done: this one brings all of it in line with the configuration. */
  resumed: boolean;
  /** The replacement timeout becomes longer. */
  longer: boolean;
}

/**
 * A takeover trusts that the primary acknowledges nothing alone before the configured timeout has passed. So the configured one
 * is never longer than the initiator's: the initiator is first to get a longer one, and last to get a shorter one.
 */
function stepsOf(known: SetContext, { serves, resumed, longer }: Situation): Step[] {
  const { changes } = known;
  const timeout = changes.replacementTimeout_s !== undefined || resumed ? [timeoutStep(known)] : [];
  return [
    ...(longer ? timeout : []),
    configurationStep(known, { tellsTarget: timeout.length > 0 }),
    ...(isOfService(changes) || resumed ? serviceSteps(known, serves) : []),
    ...(longer ? [] : timeout),
  ];
}

/** In quotes as other commands are, unless it has quotes of its own. */
function againText(argv: readonly string[]): string {
  const line = quoteForShell(argv);
  return line.includes("'") ? `run again: ${line}` : `run '${line}' again`;
}
