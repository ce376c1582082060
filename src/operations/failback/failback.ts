import type { HostRecord, HostStateName } from '../../hosts/host-record.ts';
import { readHostRecord } from '../../hosts/host-records.ts';
import { standbyLegInSync } from '../../mirror/condition.ts';
import { SpareError } from '../../std/errors.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import type { Operation } from '../../steps/runner.ts';
import type { Step } from '../../steps/step.ts';
import { bringHomeSteps } from './bring-home.ts';
import { completionSteps, copyBackSteps, refillSteps } from './copy-back.ts';
import {
  type FailbackContext,
  type FailbackMeasurements,
  type FailbackOptions,
  failbackContext,
} from './failback-context.ts';
import { leaveStandbySteps, readinessSteps } from './leave-standby.ts';
import { Outage } from './outage.ts';
import { assertPrimaryAnswers } from './passive-primary.ts';
import { refuseLossSinceServed, serveLunStep } from './serve-lun.ts';

/** The primary serves, and its own disk is in the array or must be re-added. */
const HOME: readonly HostStateName[] = ['syncing', 'protected', 'degraded'];

/** Gathers the facts, refuses invalid requests, and makes the steps. Changes nothing. */
export async function planFailback(
  volumeContext: VolumeContext,
  options: FailbackOptions,
): Promise<{ operation: Operation; measurements: FailbackMeasurements }> {
  const context = failbackContext(volumeContext, options);
  const { host, measurements } = context;
  const record = readHostRecord(host.name, context.volume.name);
  const rest = stepsLeft(context, record);
  const startsIn = rest ? HOME : [await stateToLeave(context, record)];
  await assertPrimaryAnswers(context);
  const steps = rest ?? allSteps(context);
  return { operation: { name: 'failback', host: host.name, startsIn, steps }, measurements };
}

/** @throws SpareError where the host is not on the standby, or its leg has lost what the primary wrote to it since. */
async function stateToLeave(context: FailbackContext, record: HostRecord | undefined): Promise<HostStateName> {
  const { name: host } = context.host;
  if (record?.state !== 'taken-over' && record?.state !== 'failing-back') {
    throw new SpareError(
      'precondition',
      'NOT_TAKEN_OVER',
      `Cannot fail back ${host}: it is ${record?.state ?? 'unknown'}, not taken over`,
      {
        hint: `To see its state, run: spare status ${host}`,
      },
    );
  }
  if (record.state === 'failing-back') await refuseLossSinceServed(context);
  return record.state;
}

function allSteps(context: FailbackContext): Step[] {
  const outage = new Outage(context.clock);
  return [
    ...readinessSteps(context),
    ...leaveStandbySteps(context, outage),
    serveLunStep(context),
    ...bringHomeSteps(context, outage),
    ...copyBackSteps(context),
  ];
}

/** Of a host that is on its primary already, with a resync that was not waited for, or a mirror mismatch. */
function stepsLeft(context: FailbackContext, record: HostRecord | undefined): Step[] | undefined {
  if (!record || !HOME.includes(record.state)) return undefined;
  if (record.legsDiffer) return [...refillSteps(context), ...completionSteps(context)];
  // During an enrolment, the standby leg would be the one that is being resynced.
  const isCopiedBack =
    record.state === 'syncing' && record.lastReport !== undefined && standbyLegInSync(record.lastReport);
  return isCopiedBack || record.comparisonDue ? completionSteps(context) : undefined;
}
