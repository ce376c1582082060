import type { HostStateName, RecordedState } from '../../hosts/host-record.ts';
import { readState } from '../../hosts/host-state.ts';
import { SpareError } from '../../std/errors.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import type { Operation } from '../../steps/runner.ts';
import type { Step } from '../../steps/step.ts';
import { ownershipOf } from '../ownership.ts';
import { bringHomeSteps } from './bring-home.ts';
import { completionSteps, copyBackSteps, fillSteps, refillSteps } from './copy-back.ts';
import {
  type FailbackContext,
  type FailbackMeasurements,
  type FailbackOptions,
  failbackContext,
} from './failback-context.ts';
import { leaveStandbySteps, readinessSteps } from './leave-standby.ts';
import { Outage } from './outage.ts';
import { assertPrimaryAnswers } from './passive-primary.ts';
import { refuseLossSinceGone, serveLunSteps } from './serve-lun.ts';

/** The primary serves, and its own disk is in the array or must be re-added. */
const HOME: readonly HostStateName[] = ['syncing', 'protected', 'degraded'];

/** Gathers the facts, refuses invalid requests, and makes the steps. Changes nothing. */
export async function planFailback(
  volumeContext: VolumeContext,
  options: FailbackOptions,
): Promise<{ operation: Operation; measurements: FailbackMeasurements }> {
  const context = failbackContext(volumeContext, options);
  const { host, measurements } = context;
  const state = readState(host.name);
  const rest = await stepsLeft(context, state);
  const startsIn = rest ? HOME : [await stateToLeave(context, state)];
  await assertPrimaryAnswers(context);
  const steps = rest ?? allSteps(context);
  return { operation: { name: 'failback', host: host.name, startsIn, steps }, measurements };
}

/** @throws SpareError where the host is not on the standby, or its leg has lost what the primary wrote to it since. */
async function stateToLeave(context: FailbackContext, recorded: RecordedState | undefined): Promise<HostStateName> {
  const { name: host } = context.host;
  // Without its state file a host begins as enrolled: then the ownership record tells that it is on its way home.
  if (recorded?.state === 'enrolled' && (await ownershipOf(context)).owner === 'fill') return 'enrolled';
  if (recorded?.state !== 'taken-over' && recorded?.state !== 'failing-back') {
    throw new SpareError(
      'precondition',
      'NOT_TAKEN_OVER',
      `Cannot fail back ${host}: it is ${recorded?.state ?? 'unknown'}, not taken over`,
      {
        hint: `To see its state, run: spare status ${host}`,
      },
    );
  }
  if (recorded.state === 'failing-back') await refuseLossSinceGone(context);
  return recorded.state;
}

function allSteps(context: FailbackContext): Step[] {
  const outage = new Outage(context.clock);
  return [
    ...readinessSteps(context),
    ...leaveStandbySteps(context, outage),
    ...serveLunSteps(context),
    ...bringHomeSteps(context, outage),
    ...copyBackSteps(context),
  ];
}

/** Of a host that is on its primary already: a local leg that is not complete, a mirror mismatch, or a comparison that is due. */
async function stepsLeft(context: FailbackContext, recorded: RecordedState | undefined): Promise<Step[] | undefined> {
  if (!recorded || !HOME.includes(recorded.state)) return undefined;
  if (recorded.legsDiffer) return [...refillSteps(context), ...completionSteps(context)];
  const { owner } = await ownershipOf(context);
  if (owner === 'fill') return fillSteps(context);
  return recorded.comparisonDue ? completionSteps(context) : undefined;
}
